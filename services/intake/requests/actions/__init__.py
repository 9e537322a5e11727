"""Use cases of requests. Each runs in the caller's transaction and records its events there."""
