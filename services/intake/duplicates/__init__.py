"""Duplicates (重复诉求): near duplicates found by fingerprints, and requests joined so that several share one case."""
