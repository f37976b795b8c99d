"""Latency tables and their figure from batches made up so that the answer is known."""

from typing import Any

import pandas as pd
import pytest

from dlbench.report import latency
from dlbench.report.formats.terminal import page as terminal
from dlbench.report.table import Table
from dlbench.spec import execution


def process(number: int = 0, batch: int = 8, **columns: Any) -> dict[str, Any]:
    """One process: laps of a second, and a thousand batches of 1 to 1,000 ms."""
    return {
        "recipe": "lenet-5", "recipe_digest": f"d{batch}", "mode": "infer", "data": "mnist", "process": number,
        "device": "cpu", "threads": 2, **execution.USUAL, "torch": "2.15", "machine": "AMD EPYC",
        "fingerprint": "1a2b3c4d", "batch_size": batch, "steps": 1, "examples": 10 * batch, "seconds": [1.0] * 20,
        "batch_seconds": [millisecond / 1000 for millisecond in range(1, 1001)], "arrivals_per_second": None,
        "waiting_seconds": None, "service_seconds": None, "late_seconds": None,
    } | columns  # fmt: skip


def asked(rate: float, waiting: list[float], service: list[float], late: float = 0.0, **more: Any) -> dict[str, Any]:
    """A process that served requests as well."""
    return process(
        arrivals_per_second=rate, waiting_seconds=waiting, service_seconds=service, late_seconds=late, **more
    )


def tables(*processes: dict[str, Any]) -> list[Table]:
    return latency.tables(pd.DataFrame(processes))


def test_percentiles_of_one_process_have_an_interval_by_order_statistics() -> None:
    (table,) = tables(process())
    (row,) = table.frame.to_dict("records")
    p50, p99 = row["p50_latency_ms"], row["p99_latency_ms"]
    assert (p50.value, p99.value, row["batches"]) == (pytest.approx(500.5), pytest.approx(990.01), 1000)
    assert (p50.low, p50.high, p50.n) == (pytest.approx(469), pytest.approx(532), 1)  # 500.5 ± 1.96 sqrt(1000) / 2
    assert p99.low < 990 < p99.high


def test_percentiles_of_several_are_over_processes() -> None:
    (table,) = tables(process(), process(1, batch_seconds=[0.004 * number for number in range(1, 1001)]))
    (row,) = table.frame.to_dict("records")
    p50 = row["p50_latency_ms"]
    assert (p50.value, p50.n) == (pytest.approx(1001, abs=0.1), 2)  # between 500.5 and 2002 ms
    assert p50.low < 501 < 2002 < p50.high
    assert row["batches"] == 2000


def test_a_percentile_that_too_few_batches_tell_is_left_out_with_the_reason() -> None:
    (table,) = tables(process(), process(1, batch_seconds=[0.1] * 100))
    (row,) = table.frame.to_dict("records")
    assert "p99_latency_ms" not in row
    assert row["p90_latency_ms"].n == 2
    assert table.notes[0] == "lenet-5 infer, batch 8: 100 batches in a process; p99 takes 368: raise --min-seconds."


def test_response_is_waiting_and_service() -> None:
    """Ten a second that take 50 ms: half of the time."""
    table = tables(asked(10.0, [0.03, 0.01] * 200, [0.05] * 400))[1]
    (row,) = table.frame.to_dict("records")
    assert (row["load"], row["mean_waiting_ms"], row["requests"]) == (pytest.approx(0.5), pytest.approx(20), 400)
    assert (row["p50_response_ms"].low, row["p99_response_ms"].value) == (pytest.approx(60), pytest.approx(80))
    assert "load" not in "".join(table.notes[:-2])


def test_a_rate_that_the_device_cannot_sustain_has_no_percentiles() -> None:
    table = tables(asked(30.0, [0.1 * number for number in range(400)], [0.05] * 400))[1]
    (row,) = table.frame.to_dict("records")
    assert {"p50_response_ms", "mean_waiting_ms"}.isdisjoint(row)
    assert "30 arrivals a second are more than this device sustains, about 20:" in table.notes[0]


def test_a_queue_that_came_to_no_rest_and_one_that_was_late_are_told() -> None:
    near, late = (
        "\n".join(tables(asked(*arguments))[1].notes)
        for arguments in ((19.0, [0.3] * 400, [0.05] * 400), (1.0, [0.01] * 400, [0.05] * 400, 2.0))
    )
    assert "at a load of 0.95 a queue that was empty takes about" in near
    assert "50 % of all waiting was with nothing to wait for, 5 ms a request" in late
    assert "queue that was empty" not in late


def test_there_is_no_table_of_what_has_no_latency() -> None:
    """Training, and files of an older dlbench."""
    assert tables(process(mode="train", batch_seconds=None)) == []


def test_a_table_names_settings_in_which_rows_differ() -> None:
    (table,) = tables(process(), process(precision="bf16"))
    assert list(table.frame["precision"]) == ["fp32", "bf16"]
    assert "p99 latency" in terminal([table], width=100)


def test_the_figure_has_a_line_for_each_recipe_and_percentile_over_batch_sizes() -> None:
    timings = pd.DataFrame([process(batch=batch, recipe=name) for name in ("lenet-5", "mlp") for batch in (1, 8, 64)])
    drawn = latency.figure(timings)
    left, right = drawn.axes
    assert [list(line.lines[0].get_xdata()) for line in left.containers] == [[1, 8, 64]] * 2
    assert list(left.containers[0].lines[0].get_ydata()) == pytest.approx([10, 80, 640])
    assert len(right.containers) == 2 * 3
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == [
        "lenet-5 infer", "mlp infer", "p50", "p90", "p99",
    ]  # fmt: skip


def test_the_figure_of_training_says_why_a_panel_is_empty() -> None:
    drawn = latency.figure(pd.DataFrame([process(mode="train", batch_seconds=None)]))
    assert "--mode infer" in drawn.axes[1].texts[0].get_text()
