"""Hot spots (热点): the same concern at the same place, seen before it is a crisis."""
