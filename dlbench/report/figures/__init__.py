"""Figures of studies: file name == function name, each `(runs, curves) -> matplotlib Figure`."""
