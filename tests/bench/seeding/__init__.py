"""Databases full of history: valid rows of a community's past, made by set-based SQL as the administrator."""
