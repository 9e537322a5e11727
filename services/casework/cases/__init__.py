"""Cases: a request as the worker who handles it sees it, from the assignment to the end."""
