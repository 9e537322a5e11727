"""What a worker should know of beside a request: others near by, and others of the same person."""
