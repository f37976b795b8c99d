"""A profile of a small net: operations, FLOP and bytes by hand; never how long anything took."""

import gzip
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from dlbench.measure import profile

N, WIDE, NARROW = 32, 64, 16


def training(model: nn.Linear) -> Iterator[int]:
    inputs = torch.rand(N, model.in_features)
    for _ in itertools.count():
        model.zero_grad()
        model(inputs).relu().sum().backward()
        yield N


def test_operations_of_training(tmp_path: Path) -> None:
    """One product forward and one for the gradient of the weights; the trace is what Perfetto opens."""
    trace = tmp_path / "trace.json.gz"
    model = nn.Linear(WIDE, NARROW)
    seconds, rows = profile.take(training(model), torch.device("cpu"), trace)
    by_name = {row.name: row for row in rows}
    forward, backward = by_name["aten::addmm"], by_name["aten::mm"]
    product = profile.STEPS * 2 * N * WIDE * NARROW
    assert (forward.calls, forward.flop, backward.calls, backward.flop) == (10, product, 10, product)
    assert forward.bytes == profile.STEPS * 4 * (N * WIDE + WIDE * NARROW + NARROW + N * NARROW)
    assert by_name["aten::relu"].bytes == profile.STEPS * 4 * 2 * N * NARROW
    assert (by_name["aten::relu"].flop, by_name["aten::t"].bytes) == (None, 0)
    assert sum(row.seconds for row in rows) <= seconds
    assert [row.seconds for row in rows] == sorted((row.seconds for row in rows), reverse=True)
    events = json.loads(gzip.decompress(trace.read_bytes()))["traceEvents"]
    names = [event["name"] for event in events if event.get("ph") == "X"]
    assert names.count("aten::addmm") == 10
    assert {f"step {number}" for number in range(10)} <= set(names)


def test_inference_without_autograd_is_taken_apart_alike() -> None:
    """Then `linear` comes whole, and is no operation that computes anything itself."""
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 10))

    def step() -> None:
        with torch.inference_mode():
            model(torch.rand(N, 3, 8, 8))

    counted = profile.count(step)
    assert counted["aten::convolution"][0] == 2 * N * 8 * 36 * 27
    assert counted["aten::addmm"][0] == 2 * N * 8 * 36 * 10
    assert "aten::linear" not in counted


def test_a_tensor_that_repeats_its_elements_is_no_larger_than_they_are() -> None:
    counted = profile.count(lambda: torch.ones(1).expand(1000) + torch.ones(1000))
    assert counted["aten::add"][1] == 4 * (1 + 1000 + 1000)


def test_a_trace_may_be_plain_text(tmp_path: Path) -> None:
    profile.take(training(nn.Linear(2, 2)), torch.device("cpu"), tmp_path / "trace.json")
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
