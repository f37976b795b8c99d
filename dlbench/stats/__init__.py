"""Intervals, tests and limits. Knows only numbers."""
