"""A fresh interpreter, timed from its start to its end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from turns import Lap

REPOSITORY = Path(__file__).parents[2]


@contextmanager
def as_installed() -> Iterator[Mapping[str, str]]:
    """The environment in which this checkout is imported as an installed package is: its bytecode is kept, aside."""
    with TemporaryDirectory() as folder:
        rest = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        yield rest | {"PYTHONPATH": str(REPOSITORY), "PYTHONPYCACHEPREFIX": folder}


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> Lap:
    """Run Python with these arguments: wall seconds and peak memory; ends this process if it fails."""
    command = [sys.executable, *arguments]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment, cwd=REPOSITORY)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)}: ended with exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return {"seconds": seconds, "processes": 1, "peak_memory_bytes": usage.ru_maxrss * unit}
