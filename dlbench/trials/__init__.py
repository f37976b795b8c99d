"""Trials: planned, given a process, run and written down."""
