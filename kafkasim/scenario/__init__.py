"""Scenarios: what is tested, by which clients, under which faults, and what is expected of it."""
