"""How services tell each other facts: the event log, and on it the outbox, the relay and the inbox."""
