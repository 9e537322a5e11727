"""Venues (场地) and equipment, and bookings of them that never overlap."""
