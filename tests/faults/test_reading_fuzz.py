"""The recipe and study readers against a hundred thousand files of strangers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("fuzz_recipes.py")
MOST_MEMORY_BYTES = 200_000_000


@pytest.mark.timeout(900)  # half a minute on two idle cores
@pytest.mark.parametrize("count", [1000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_no_traceback_no_hang_and_little_memory(tmp_path, count):
    """Two processes, each with its own seed and so many inputs; a hang ends one by a signal, see there."""
    started = []
    for seed in ("0", "1"):
        (tmp_path / seed).mkdir()
        words = [sys.executable, str(PROGRAM), str(count), seed, str(tmp_path / seed)]
        started.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    for process in started:
        told, errors = process.communicate()
        assert process.returncode == 0, errors[-3000:]
        figures = json.loads(told)
        assert figures["read"] + figures["refused"] == count
        assert min(figures["read"], figures["refused"]) > count / 20  # neither way out is left untried
        assert figures["peak_memory_bytes"] < MOST_MEMORY_BYTES
