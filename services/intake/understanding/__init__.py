"""What a machine reads out of a request, and what a person made of it."""
