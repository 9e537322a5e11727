"""Telling people: messages to residents and workers, webhooks to portals."""
