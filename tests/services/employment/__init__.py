"""employment through its HTTP API and its handlers, on a real PostgreSQL."""
