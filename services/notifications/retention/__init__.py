"""How long what was told is kept, and forgetting it in time."""
