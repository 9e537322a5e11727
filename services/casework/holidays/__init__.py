"""The working calendar, corrected by the district's notices."""
