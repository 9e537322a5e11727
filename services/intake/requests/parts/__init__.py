"""A request that says several things is split into parts, each with its own worker; the parent ends after its parts."""
