"""Guardians (监护人): who acts for a minor, until the minor is eighteen."""
