"""Requests (诉求): filing, the moves from state to state, the limits, the story of each."""
