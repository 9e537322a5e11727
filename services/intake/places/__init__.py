"""Places: which grid an address lies in, kept from casework's `grid.changed`."""
