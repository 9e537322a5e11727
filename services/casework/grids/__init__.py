"""Grids (网格): land, institutions and buildings, each with one named worker who answers for it."""
