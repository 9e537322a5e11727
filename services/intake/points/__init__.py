"""Volunteer hours and points (志愿积分): earned by attending, spent in a catalogue, expiring, never negative."""
