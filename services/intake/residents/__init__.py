"""Residents (居民): who they are, encrypted with a key of their own, and who read it."""
