"""Imports: how far the rows of a file have come, counted from the requests themselves."""
