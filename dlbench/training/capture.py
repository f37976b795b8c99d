"""A step of learning as a CUDA graph: recorded once and then replayed, so that no kernel waits for its launch.

A small net's kernels take microseconds, as long as it takes to launch them from Python; a graph launches all of them at
once. What it computes is what was recorded: the same kernels on the same memory.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from dlbench.errors import InputError

Update = Callable[[Tensor, Tensor], Tensor]
EAGER_STEPS = 3  # before recording: libraries choose kernels, optimisers make their state


class Capture:
    """Turns the update of a learning rule into a CUDA graph.

    A learning rule that takes `capture: Capture | None = None` can be captured. Right before its loop it hands over
    what it does with a batch, a function of inputs and targets that returns the loss and reads nothing else that
    changes but tensors:

        take = capture.of(update, optimiser) if capture else update
    """

    def __init__(self, device: torch.device) -> None:
        """On that device; InputError if it is none that knows CUDA graphs."""
        if device.type != "cuda":
            raise InputError(f"--cuda-graphs: {device} knows no CUDA graphs; leave it out")

    def of(self, update: Update, optimiser: torch.optim.Optimizer) -> Update:
        """The same update, replayed from the fourth call on. All batches must be of one shape.

        The optimiser's learning rate becomes a tensor, whose value each replay reads.
        """
        for group in optimiser.param_groups:
            group["lr"] = torch.as_tensor(float(group["lr"]), device=group["params"][0].device)
            if "capturable" in group:
                group["capturable"] = True
        return _Recorded(update)


class _Recorded:
    """An update that is run a few times, recorded, and replayed; all on a stream of its own, as recording wants it."""

    def __init__(self, update: Update) -> None:
        self._update = update
        self._stream: torch.cuda.Stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._left = EAGER_STEPS
        self._replay: Update | None = None

    def __call__(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Update on this batch; the loss is the caller's to keep."""
        if self._left > 0:
            self._left -= 1
            return self._run(inputs, targets)
        if self._replay is None:
            self._replay = self._record(inputs, targets)
        return self._replay(inputs, targets)

    def _run(self, inputs: Tensor, targets: Tensor) -> Tensor:
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            loss = self._update(inputs, targets)
        torch.cuda.current_stream().wait_stream(self._stream)
        return loss

    def _record(self, inputs: Tensor, targets: Tensor) -> Update:
        """Record the update on memory of our own, which computes nothing yet; returns what replays it on a batch."""
        inside = (torch.empty_like(inputs), torch.empty_like(targets))
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream):
            loss = self._update(*inside)

        def replay(inputs: Tensor, targets: Tensor) -> Tensor:
            inside[0].copy_(inputs)
            inside[1].copy_(targets)
            graph.replay()
            return loss.clone()

        return replay
