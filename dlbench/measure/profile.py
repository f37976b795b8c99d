"""A profile of some steps by torch's profiler: a trace to look at, and the operations with their time, FLOP and bytes.

Time is of operations as autograd calls them, with all that they call in turn: `aten::convolution`, whichever library
computes it. FLOP and bytes are counted in a step of its own, for a counter slows down what it counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from dlbench.measure import operations
from dlbench.measure.clock import Clock
from dlbench.measure.roofline import Operation

STEPS = 10
COMPILED = "## Call CompiledFxGraph"  # as torch names the event of a graph that inductor compiled
WARM_UP = 3  # steps: what is done once, such as choosing kernels, is no part of the profile


def take(steps: Iterator[int], device: torch.device, trace: Path) -> tuple[float, list[Operation]]:
    """The seconds of STEPS steps, and their operations, costliest first; writes a Chrome trace, gzipped for `.gz`.

    The profiler itself costs a microsecond or so an operation.
    """
    for _ in range(WARM_UP):
        next(steps)
    counted = count(lambda: next(steps))
    clock = Clock(device)
    with torch.profiler.profile(activities=_activities(device), record_shapes=True) as profiler:
        clock.start()
        for number in range(STEPS):
            with torch.profiler.record_function(f"step {number}"):
                next(steps)
        seconds = clock.lap()
    profiler.export_chrome_trace(str(trace))
    return seconds, _operations(profiler.events() or [], counted, is_cpu=device.type == "cpu")


def count(step: Callable[[], object]) -> dict[str, tuple[int | None, int]]:
    """FLOP and bytes of each operation in a step, by name, taken without compiling; see `roofline.Operation`."""
    with torch.compiler.set_stance("force_eager"):
        with operations.counter() as counter:
            step()
        with _Traffic() as traffic:
            step()
    all_flop = counter.get_flop_counts().get("Global", {})
    flop = {str(packet).replace(".", "::", 1): count for packet, count in all_flop.items()}
    return {name: (flop.get(name), amount) for name, amount in traffic.bytes.items()}


def _activities(device: torch.device) -> list[ProfilerActivity]:
    others = {"cuda": [ProfilerActivity.CUDA], "xpu": [ProfilerActivity.XPU]}
    return [ProfilerActivity.CPU, *others.get(device.type, [])]


class _Traffic(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up the bytes of the tensors that operations take and give; a view moves none."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.bytes: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with self:  # one that is made of others, as they come whole without autograd: those are counted instead
            results = func.decompose(*args, **kwargs)
        if results is NotImplemented:
            results = func(*args, **kwargs)
            moved = 0 if func.is_view else _bytes((args, kwargs, results))
            self.bytes[func.name().partition(".")[0]] += moved
        return results


def _bytes(tree: Any) -> int:
    """Of all tensors in it, each once; one whose elements repeat, as by `expand`, is no larger than its storage."""
    tensors = {(leaf.data_ptr(), leaf.numel()): leaf for leaf in tree_leaves(tree) if isinstance(leaf, Tensor)}
    return sum(min(tensor.nbytes, tensor.untyped_storage().nbytes()) for tensor in tensors.values())


def _operations(
    events: list[FunctionEvent], counted: dict[str, tuple[int | None, int]], *, is_cpu: bool
) -> list[Operation]:
    """The operations in the events of a profile, with what was counted of a step, costliest first."""
    calls: Counter[str] = Counter()
    seconds: defaultdict[str, float] = defaultdict(float)
    roots = [event for event in events if event.cpu_parent is None]
    for name, microseconds in _times(roots, counted, is_cpu=is_cpu):
        calls[name] += 1
        seconds[name] += microseconds / 1e6
    rows = [Operation(name, calls[name], seconds[name], *_all(counted, name)) for name in calls]
    return sorted((row for row in rows if row.seconds > 0), key=lambda row: -row.seconds)


def _all(counted: dict[str, tuple[int | None, int]], name: str) -> tuple[int | None, int | None]:
    """FLOP and bytes of all steps."""
    flop, amount = counted.get(name, (None, None))
    return flop and STEPS * flop, amount and STEPS * amount


def _times(events: list[FunctionEvent], counted: dict[str, Any], *, is_cpu: bool) -> Iterator[tuple[str, float]]:
    """Microseconds of the outermost operations that were counted, and where there are none, of what calls no other.

    What a compiler made of operations is no event of its own on a CPU: it is what a compiled graph does by itself.
    """
    for event in events:
        if event.name in counted or not event.cpu_children:
            yield event.name, event.cpu_time_total if is_cpu else event.device_time_total
            continue
        if event.name.startswith(COMPILED):
            yield "compiled kernels", event.self_cpu_time_total if is_cpu else event.self_device_time_total
        yield from _times(event.cpu_children, counted, is_cpu=is_cpu)
