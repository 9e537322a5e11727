"""Processes die while work goes on, and in the end every promise is held against what is there."""
