"""The platform's own parts, alone in a process, with something that counts what they do."""
