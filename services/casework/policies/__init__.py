"""Policies: the numbers of the assignment that each community may set for itself."""
