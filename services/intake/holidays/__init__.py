"""The working calendar of a community: the published one, corrected by the district's notices."""
