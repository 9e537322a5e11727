"""Assignments (派遣): which worker gets a request, and why."""
