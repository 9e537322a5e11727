"""Reads of personal data (查阅记录) in the resident's hands: in plain words, with a way to ask why (问询)."""
