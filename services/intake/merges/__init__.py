"""Merges (合并): two records turn out to be one person. One points to the other; undone, both are as they were."""
