"""Consents (同意): what a resident agreed to, to which words, when, and that they took it back."""
