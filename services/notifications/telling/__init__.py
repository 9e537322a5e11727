"""Who is told what: from an event to at most one message for each recipient and template."""
