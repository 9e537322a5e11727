"""Residents who look for work (求职登记)."""
