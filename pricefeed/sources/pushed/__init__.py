"""Prices that others push: how they are read, judged, and wait to be recorded."""
