"""Frames of runs -> the tables a study shows; file name == function name."""
