"""Use cases of activities: each one transaction of its caller, state and events together."""
