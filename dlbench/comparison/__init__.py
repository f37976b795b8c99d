"""Measurements of two sides -> verdicts: what was measured, on what, how far apart, and within which limits."""
