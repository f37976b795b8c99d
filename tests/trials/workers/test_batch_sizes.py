"""The search for a batch size, on a device whose speed and memory are made up."""

from collections.abc import Callable

import pytest
import torch

from dlbench.records.events import Batch
from dlbench.trials.workers import batch_sizes
from dlbench.trials.workers.batch_sizes import Search

MIB = 2**20


class Device:
    """It takes `base` and so many bytes an example, at most `memory`; a step takes `seconds_of(size)`."""

    def __init__(self, an_example: int, seconds_of: Callable[[int], float], memory: int = 2**60) -> None:
        self.an_example, self.seconds_of, self.memory = an_example, seconds_of, memory
        self.peak_bytes = 100 * MIB
        self.tried: list[int] = []

    def step(self, size: int) -> float:
        self.tried.append(size)
        if size * self.an_example > self.memory:
            raise torch.OutOfMemoryError
        self.peak_bytes = max(self.peak_bytes, 100 * MIB + size * self.an_example)
        return self.seconds_of(size)

    def search(self, *, tries: bool, most: int = batch_sizes.LARGEST, free: int = 2**34) -> Batch:
        return Search(self.step, most, tries, free, peak=lambda: self.peak_bytes).batch()


def launching(size: int) -> float:
    """A millisecond for whatever size, and a microsecond an example."""
    return 1e-3 + 1e-6 * size


def test_an_accelerator_is_filled_until_memory_ends() -> None:
    device = Device(MIB, launching, memory=5000 * MIB)
    found = device.search(tries=True)
    assert (found.batch_size, found.largest, found.why_largest) == (4096, 4096, "8,192 is out of memory")
    assert device.tried[-1] == 8192


def test_the_best_is_the_smallest_that_is_nearly_as_fast() -> None:
    assert Device(1, lambda size: 1e-3 + 1e-4 * size).search(tries=True, most=4096).batch_size == 256


def test_training_takes_no_more_examples_than_there_are() -> None:
    found = Device(1, launching).search(tries=True, most=1000)
    assert (found.largest, found.why_largest) == (512, "all that the data allow")


def test_a_cpu_is_not_filled_but_its_limit_worked_out() -> None:
    """A MiB an example, half of 16 GiB free."""
    device = Device(MIB, lambda size: size * 1e-3)
    found = device.search(tries=False)
    assert (found.batch_size, found.largest) == (16, 8192)
    assert max(device.tried) == 512
    assert (
        found.why_largest == "worked out, not tried: 1,048,576 bytes an example, and 50% of the 16.0 GiB that were free"
    )


def test_a_process_that_hardly_grows_is_watched_until_it_does() -> None:
    """256 MiB are 65536 examples of 4 KiB, less the smallest batch."""
    device = Device(4096, lambda size: size * 1e-6)
    assert device.search(tries=False).largest == 2**21
    assert max(device.tried) == 2**17


def test_nothing_is_said_of_sizes_whose_steps_take_too_long() -> None:
    found = Device(0, lambda size: 3.0).search(tries=False)
    assert (found.batch_size, found.largest, found.why_largest) == (16, 16, "a step takes too long to try more")


def test_a_net_for_which_nothing_fits_fails() -> None:
    with pytest.raises(torch.OutOfMemoryError):
        Device(MIB, launching, memory=MIB).search(tries=True)


def test_another_error_is_none_of_memory() -> None:
    def step(size: int) -> float:
        if size > 32:
            raise RuntimeError("out of luck")
        return 1.0

    with pytest.raises(RuntimeError, match="luck"):
        Search(step, 4096, tries=True).batch()
