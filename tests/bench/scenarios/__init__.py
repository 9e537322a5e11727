"""Each module measures one thing: `FIGURES` names what it gives, `measure(ground)` gives them."""
