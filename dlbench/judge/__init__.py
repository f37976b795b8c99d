"""Two sides to verdicts: claims against runs, measurements against others."""
