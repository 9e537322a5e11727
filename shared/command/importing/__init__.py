"""`longxi import`: rows of a file filed through the HTTP API, for real volumes."""
