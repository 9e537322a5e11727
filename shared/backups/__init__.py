"""Backups of an installation: made, kept, checked, restored, and brought into step with the event log again."""
