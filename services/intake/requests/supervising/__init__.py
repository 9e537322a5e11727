"""Supervision (督办): the head or the district marks a request, and its limit for handling is halved."""
