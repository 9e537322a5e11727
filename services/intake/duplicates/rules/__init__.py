"""What is a duplicate, and what may be joined to what. Plain Python, no I/O."""
