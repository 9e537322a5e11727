"""The outside world, a file for each system with its table of codes."""
