"""The embedded platform as people run it."""
