"""A device's peak speed, measured here, to compare a net's speed with: matrix products, convolutions, memory.

A probe runs for a fraction of a second the operation that fits the device best; it is no data sheet's figure. A net is
compared with a probe in the same process, with the same number of threads, in the same precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import torch
import torch.nn.functional as F

from dlbench.measure.clock import Clock

Kind = Literal["gemm", "conv"]
Work = tuple[Callable[[], object], float]  # something to repeat, and how much it does each time

TYPES = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
BLOCK_SECONDS = 0.02  # calls timed at once: long beside the clock's resolution and the wait for a device
GEMM_SIZES = {"cpu": (512, 1024, 2048), "other": (2048, 4096, 8192)}
# batch, channels, height = width of 3x3 convolutions from as many channels to as many
CONV_SIZES = {
    "cpu": ((32, 64, 32), (32, 128, 16), (16, 256, 14)),
    "other": ((256, 64, 56), (256, 128, 28), (256, 256, 14), (128, 512, 14)),
}
ELEMENTS = 2**26  # 256 MiB of float32, beyond every cache


def tflops(device: str, precision: str = "fp32", kind: Kind = "gemm", seconds: float = 0.5) -> float:
    """The most TFLOP/s this device reaches here, over several sizes; a multiplication and an addition are two FLOP.

    device: as torch names it. precision: fp32, tf32, bf16 or fp16 of the operands; tf32 is fp32 but on CUDA.
    kind: square matrix products, or 3x3 convolutions forward in channels_last.
    seconds: about how long it takes. Uses as many threads as torch is set to.
    """
    where = torch.device(device)
    works = _products(where, precision) if kind == "gemm" else _convolutions(where, precision)
    with _precise(precision), torch.inference_mode():
        return _best(works, where, seconds) / 1e12


def bandwidth_gb_per_second(device: str, seconds: float = 0.5) -> float:
    """Bytes read and written per second, in 10^9, by the better of a copy and a sum over arrays of 256 MiB.

    Counts as McCalpin's STREAM does (1995): two arrays for a copy, three for a sum, nothing for caches' own traffic.
    """
    where = torch.device(device)
    with torch.inference_mode():
        return _best(_streams(where), where, seconds) / 1e9


def launch_seconds(device: str, seconds: float = 0.1) -> float:
    """Seconds from one call of an operation to the next where there is nothing to compute: one number plus one."""
    where = torch.device(device)
    number = torch.ones((), device=where)
    with torch.inference_mode():
        return _fastest(lambda: torch.add(number, number, out=number), Clock(where), seconds)[0]


def _products(device: torch.device, precision: str) -> Iterator[Work]:
    for size in GEMM_SIZES["cpu" if device.type == "cpu" else "other"]:
        a, b, product = (torch.randn(size, size, device=device).to(TYPES[precision]) for _ in range(3))
        yield lambda a=a, b=b, product=product: torch.mm(a, b, out=product), 2.0 * size**3  # type: ignore[misc]


def _convolutions(device: torch.device, precision: str) -> Iterator[Work]:
    for batch, channels, side in CONV_SIZES["cpu" if device.type == "cpu" else "other"]:
        x, w = (
            torch.randn(shape, device=device).to(TYPES[precision], memory_format=torch.channels_last)
            for shape in ((batch, channels, side, side), (channels, channels, 3, 3))
        )
        flop = 2.0 * batch * side**2 * channels**2 * 9  # the padding's zeros counted in, as torch's counter does
        yield lambda x=x, w=w: F.conv2d(x, w, padding=1), flop  # type: ignore[misc]


def _streams(device: torch.device) -> Iterator[Work]:
    a, b, c = (torch.ones(ELEMENTS, device=device) for _ in range(3))
    bytes_each = a.element_size() * ELEMENTS
    yield lambda: a.copy_(b), 2.0 * bytes_each
    yield lambda: torch.add(a, b, out=c), 3.0 * bytes_each


def _best(works: Iterator[Work], device: torch.device, seconds: float) -> float:
    """The highest rate of these works, in amount a second; they run in order while there is time."""
    clock = Clock(device)
    best = spent = 0.0
    for work, amount in works:
        fastest, took = _fastest(work, clock, seconds / 4)
        best, spent = max(best, amount / fastest), spent + took
        if spent >= seconds:  # larger sizes would be slower still
            break
    return best


def _fastest(work: Callable[[], object], clock: Clock, seconds: float) -> tuple[float, float]:
    """Seconds of one call in the fastest block of calls, and how long all blocks took; they fill `seconds`."""
    _block(work, 1, clock)  # libraries load, kernels are chosen
    calls, fastest, spent = 1, float("inf"), 0.0
    while True:
        duration = _block(work, calls, clock)
        spent += duration
        fastest = min(fastest, duration / calls)
        if spent >= seconds:
            return fastest, spent
        calls = max(1, round(BLOCK_SECONDS / fastest))


def _block(work: Callable[[], object], calls: int, clock: Clock) -> float:
    clock.start()
    for _ in range(calls):
        work()
    return clock.lap()


@contextmanager
def _precise(precision: str) -> Iterator[None]:
    """Products and convolutions in full float32, or in TensorFloat-32 if asked for; resets the settings afterwards."""
    settings: tuple[Any, ...] = (torch.backends.cuda.matmul, torch.backends.cudnn)
    before = [setting.allow_tf32 for setting in settings]
    try:
        for setting in settings:
            setting.allow_tf32 = precision == "tf32"
        yield
    finally:
        for setting, value in zip(settings, before, strict=True):
            setting.allow_tf32 = value
