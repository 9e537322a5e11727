"""How many emergency contacts somebody may name."""

MOST = 3
"""Our own number: who is to be called one after the other."""
