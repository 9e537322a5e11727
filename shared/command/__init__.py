"""The `longxi` command: a client of the HTTP APIs and of the event log. It knows no service's code."""
