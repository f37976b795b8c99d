"""The probes: the right work is counted, the best of it is told, and torch's settings are left as they were."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from dlbench.measure import peak
from dlbench.measure.clock import Clock

CPU = torch.device("cpu")


@pytest.mark.parametrize("probe", [peak._products, peak._convolutions])
def test_counts_what_torchs_own_counter_counts(probe: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "GEMM_SIZES", {"cpu": (8, 24)})
    monkeypatch.setattr(peak, "CONV_SIZES", {"cpu": ((2, 3, 5), (1, 16, 8))})
    works = list(probe(CPU, "fp32"))  # type: ignore[operator]
    assert len(works) == 2
    for work, flop in works:
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            work()
        assert flop == counter.get_total_flops()


@pytest.mark.parametrize("precision", peak.TYPES)
def test_operands_have_the_precision(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "CONV_SIZES", {"cpu": ((1, 4, 4),)})
    ((work, _),) = peak._convolutions(CPU, precision)
    assert work().dtype == peak.TYPES[precision]  # type: ignore[attr-defined]


class Ticks(Clock):
    """A clock on which the blocks of calls take so many seconds, one after the other."""

    def __init__(self, *seconds: float) -> None:
        super().__init__(CPU)
        self.left = list(seconds)

    def lap(self) -> float:
        return self.left.pop(0)


def test_fastest_block_counts_and_the_first_never_does() -> None:
    calls: list[int] = []
    clock = Ticks(0.001, 0.01, 0.04, 0.03, 0.05)  # warm-up, one call to learn its length, blocks of two
    fastest, spent = peak._fastest(lambda: calls.append(1), clock, seconds=0.1)
    assert (fastest, spent) == pytest.approx((0.01, 0.13))
    assert len(calls) == 1 + 1 + 2 + 2 + 2


def test_a_call_longer_than_the_time_is_made_twice_only() -> None:
    calls: list[int] = []
    assert peak._fastest(lambda: calls.append(1), Ticks(9.0, 3.0), seconds=0.1) == (3.0, 3.0)
    assert len(calls) == 2


def test_best_rate_of_all_sizes_is_told_and_sizes_stop_when_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = iter([(0.5, 0.3), (0.1, 0.3), (1.0, 0.5), (1e-9, 0.1)])
    monkeypatch.setattr(peak, "_fastest", lambda work, clock, seconds: next(outcomes))
    works = iter([(lambda: None, 10.0), (lambda: None, 20.0), (lambda: None, 30.0), (lambda: None, 40.0)])
    assert peak._best(works, CPU, seconds=1.0) == 200.0


def test_probes_run_here() -> None:
    assert peak.tflops("cpu", "fp32", "gemm", seconds=0.01) > 0
    assert peak.tflops("cpu", "bf16", "conv", seconds=0.01) > 0
    assert peak.bandwidth_gb_per_second("cpu", seconds=0.01) > 0


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(("precision", "allowed"), [("tf32", True), ("fp32", False)])
def test_tensor_float_32_only_where_asked_for(before: bool, precision: str, allowed: bool) -> None:
    kept = torch.backends.cudnn.allow_tf32
    try:
        torch.backends.cudnn.allow_tf32 = before
        with peak._precise(precision):
            assert torch.backends.cudnn.allow_tf32 is allowed
        assert torch.backends.cudnn.allow_tf32 is before
    finally:
        torch.backends.cudnn.allow_tf32 = kept
