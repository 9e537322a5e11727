"""Requests without a complainant: anonymous ones, where the community takes them, and what a grid worker found on patrol.

Their words are encrypted like all others, so each has a holder of its own: a resident's row with a key and without any
contact. Nobody is told anything; who filed anonymously follows by the reference number and a code that was shown once.
"""
