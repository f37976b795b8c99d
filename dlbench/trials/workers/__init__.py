"""Processes in which trials run and are timed."""
