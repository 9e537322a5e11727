"""Golden streams against somebody's own consumer: `python -m testkit --help`."""
