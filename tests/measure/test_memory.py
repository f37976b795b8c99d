"""The peak of a process is its own: neither its parent's nor that of what it did before."""

import re
import subprocess
import sys

import pytest

from dlbench.measure import memory
from dlbench.trials.trial import Meter

HELD = 400 * 2**20
linux = pytest.mark.skipif(not memory.STATUS.exists(), reason="Linux says it")
RUN = """
import sys
from dlbench.trials.trial import Meter
print(Meter("cpu").read().peak_memory_bytes)
"""


def high_water_mark() -> int:
    return int(re.findall(r"VmHWM:\s+(\d+)", memory.STATUS.read_text())[0]) * 1024


@linux
def test_a_run_does_not_take_over_the_peak_of_its_parent() -> None:
    alone = int(subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True).stdout)
    held = b"x" * (2 * alone)
    child = int(subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, check=True).stdout)
    assert child == pytest.approx(alone, rel=0.2)
    assert child < len(held)


@linux
def test_a_peak_is_forgotten_when_something_else_begins() -> None:
    held = b"x" * HELD
    assert memory.process_peak_bytes() == pytest.approx(high_water_mark(), rel=0.01)
    assert memory.process_peak_bytes() > len(held)
    before = memory.process_peak_bytes()
    del held
    memory.begin_anew("cpu")
    assert memory.process_peak_bytes() < before - HELD // 2
    assert Meter("cpu").read().peak_memory_bytes == pytest.approx(memory.process_peak_bytes(), rel=0.01)
