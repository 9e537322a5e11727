"""Shipped fakes of the clock and of the outside world, which speak the real protocols, and builders for tests."""
