"""A run file to let grow, for tests of what reads files that do."""

from pathlib import Path

from dlbench.records import store

RESULTS = Path(__file__).parents[1] / "results"


def run_file() -> bytes:
    """A real run with a curve."""
    files = store.run_files(RESULTS / "dropout.jsonl.gz", [])
    return next(files).read()
