"""What the platform costs, each figure beside a bare limit that is run in turn with it: `make bench`."""
