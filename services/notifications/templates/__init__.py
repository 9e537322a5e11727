"""The words of every message: versioned data files, checked at start, rendered without side effects."""
