"""Casework: who does the work of the community, and what became of it."""
