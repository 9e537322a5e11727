"""Which events are missing, seen by their numbers: `python -m gaps --help`."""
