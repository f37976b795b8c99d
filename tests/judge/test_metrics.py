"""What the name of a metric says."""

import pytest

from dlbench.errors import InputError
from dlbench.judge import metrics
from dlbench.judge.metrics import BIGGER, NEITHER, SMALLER, metric


@pytest.mark.parametrize(
    ("name", "kind", "better", "unit"),
    [
        ("examples_per_second", "speed", BIGGER, "examples/s"),
        ("ms_per_step", "speed", SMALLER, "ms"),
        ("p99_latency_ms", "speed", SMALLER, "ms"),
        ("p50_response_at_100_per_second_ms", "speed", SMALLER, "ms"),
        ("training_seconds", "speed", SMALLER, "s"),
        ("peak_memory_bytes", "speed", SMALLER, "bytes"),
        ("examples_per_joule", "speed", BIGGER, "/J"),
        ("joules", "speed", SMALLER, "J"),
        ("test_error_percent", "error", SMALLER, "%"),
        ("train_top5_error_percent", "error", SMALLER, "%"),
        ("test_loss", "error", SMALLER, ""),
        ("test_accuracy_percent", "error", BIGGER, "%"),
        ("train_solved", "error", BIGGER, ""),
        ("iterations", "error", NEITHER, ""),
        ("my_own_score", "error", NEITHER, ""),
    ],
)
def test_what_a_name_says(name: str, kind: str, better: int, unit: str) -> None:
    found = metric(name)
    assert (found.name, found.kind, found.better, found.unit) == (name, kind, better, unit)


def test_percentages_differ_by_points() -> None:
    assert metric("test_error_percent").difference_unit == "points"
    assert metric("ms_per_step").difference_unit == "ms"


def test_a_metric_nobody_measured_is_told_with_the_near_miss() -> None:
    with pytest.raises(InputError, match=r"--metric: no metric 'test_los' here \(did you mean 'test_loss'\?\)"):
        metrics.check("test_los", ["test_loss", "ms_per_step"], "--metric")
