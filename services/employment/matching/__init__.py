"""Which vacancy fits which seeker, and why."""
