"""Tables of timings from laps made up so that the answer is known."""

from typing import Any

import pandas as pd
import pytest

from dlbench.report.cells import heading
from dlbench.report.formats.json import tables as json
from dlbench.report.formats.terminal import page as terminal
from dlbench.report.table import Table
from dlbench.report.timing import timing
from dlbench.spec import execution
from dlbench.stats.estimates import Estimate

READING = {"seconds": 3.0, "other_cores": 0.0, "stolen_cores": 0.0}


def process(number: int = 0, lap: float = 0.5, **columns: Any) -> dict[str, Any]:
    """One process: 20 laps of 2 steps and 100 examples."""
    return {
        "recipe": "resnet-20", "recipe_digest": "d1", "mode": "train", "data": "cifar10", "process": number,
        "device": "cpu", "threads": 2, **execution.USUAL, "torch": "2.15",
        "machine": "AMD EPYC, 2 cores, 23 GiB", "fingerprint": "1a2b3c4d", "batch_size": 50, "parameters": 269722,
        "process_peak_bytes": 2**30, "device_peak_bytes": None, "flop_per_step": 10**10, "first_step_seconds": 3.0,
        "steps": 2, "examples": 100, "seconds": [lap] * 20, "ended": "precise", "joules": None, "gemm_tflops": 0.1,
        "conv_tflops": 0.08, "before": READING, "during": READING, "cores": 2, "denormals_flushed": True,
    } | columns  # fmt: skip


def table(*processes: dict[str, Any]) -> Table:
    (found,) = timing(pd.DataFrame(processes))
    return found


def cells(*processes: dict[str, Any]) -> dict[str, Any]:
    (row,) = table(*processes).frame.to_dict("records")
    return dict(row)


def notes(*processes: dict[str, Any]) -> str:
    return "\n".join(table(*processes).notes)


def test_figures_worked_by_hand() -> None:
    """100 examples, 2 steps and 20 GFLOP in half a second: 200 a second, 250 ms, 0.04 of 0.1 TFLOP/s."""
    row = cells(*(process(number) for number in range(3)))
    assert row["examples_per_second"] == Estimate(pytest.approx(200), pytest.approx(200), pytest.approx(200), 3)
    assert row["ms_per_step"].value == pytest.approx(250)
    assert row["mad_percent"] == 0
    assert (row["achieved_tflops"], row["mfu_percent"]) == (pytest.approx(0.04), pytest.approx(40))
    assert (row["first_step_seconds"], row["process_peak_mib"], row["gflop_per_example"]) == (3, 1024, 0.2)


def test_interval_is_over_processes_and_their_laps_do_not_narrow_it() -> None:
    few, many = (
        cells(*(process(number, lap, seconds=[lap] * laps) for number, lap in enumerate((0.5, 0.51, 0.49))))
        for laps in (20, 2000)
    )
    assert few["examples_per_second"] == many["examples_per_second"]
    assert few["examples_per_second"].n == 3
    assert few["examples_per_second"].low < 100 / 0.51 < 100 / 0.49 < few["examples_per_second"].high


def test_warm_up_is_left_out() -> None:
    row = cells(process(seconds=[5.0] * 9 + [0.5] * 20))
    assert row["examples_per_second"].value == pytest.approx(200)


def test_mfu_is_of_the_faster_probe() -> None:
    assert cells(process(conv_tflops=0.4))["mfu_percent"] == pytest.approx(10)


def test_laps_that_never_settle_count_by_their_second_half_and_a_note_says_so() -> None:
    laps = [0.3 * 1.05**number for number in range(40)]
    row = cells(process(0), process(1, seconds=laps))
    settled = 100 / (0.3 * (1.05**29 + 1.05**30) / 2)
    assert row["examples_per_second"].value == pytest.approx((200 * settled) ** 0.5)
    assert row["examples_per_second"].low < settled
    assert "1 of 2 processes never became steady, their second half counts" in notes(
        process(0), process(1, seconds=laps)
    )


def test_a_row_that_is_not_steady_does_not_change_the_order_of_columns() -> None:
    laps = [0.3 * 1.05**number for number in range(40)]
    found = table(process(mode="infer", seconds=laps), process())
    assert list(found.frame) == list(table(process()).frame)


def test_too_few_laps_have_no_interval_and_the_note_says_what_to_do() -> None:
    assert not cells(process(seconds=[0.5] * 11))["examples_per_second"].has_interval
    assert "11 laps cannot tell" in notes(process(seconds=[0.5] * 11))
    assert "--min-seconds" in notes(process(seconds=[0.5] * 11))


def test_scatter_is_told_with_its_size() -> None:
    assert "known to ± 10.0 % only" in notes(process(seconds=[0.45, 0.5, 0.55] * 4))
    assert "scatter" not in notes(process())


def test_the_interval_of_one_process_is_of_its_laps() -> None:
    laps = [0.5 + 0.02 * (number % 4 - 1.5) + 0.05 * (number > 60) for number in range(100)]
    found = cells(process(seconds=laps[:60]))["examples_per_second"]
    drifting = cells(process(seconds=laps))["examples_per_second"]
    assert found.low < found.value < found.high
    assert drifting.high - drifting.low > 3 * (found.high - found.low)
    assert "--repeats 5" in notes(process())
    assert "--repeats" not in notes(process(0), process(1))


def test_disturbances_of_any_process_are_told_once() -> None:
    busy = READING | {"other_cores": 1.5}
    found = notes(process(0), process(1, during=busy), process(2, threads=4))
    assert found.count("Disturbed: other programs took 1.5 cores") == 1
    assert "4 threads on 2 cores" in found


def test_whatever_a_speed_depends_on_is_a_row_of_its_own() -> None:
    changed = [
        {"mode": "infer"}, {"batch_size": 128}, {"precision": "bf16"}, {"compile": True}, {"channels_last": False},
        {"cuda_graphs": True}, {"runtime": "onnxruntime 1.20.1"}, {"runtime": "onnxruntime 1.32.0"},
        {"threads": 1}, {"device": "cuda:0"}, {"torch": "2.16"}, {"data": "synthetic"}, {"recipe_digest": "d2"},
    ]  # fmt: skip
    found = table(process(), *(process(**change) for change in changed))
    assert len(found.frame) == 1 + len(changed)


def test_settings_that_all_rows_share_stand_below_the_table() -> None:
    same = table(process(0), process(1))
    assert "precision" not in same.frame
    assert "All rows: cpu, 2 threads, fp32, eager, channels-last, torch 2.15." in same.notes
    unlike = table(process(), process(precision="bf16"))
    assert list(unlike.frame["precision"]) == ["fp32", "bf16"]


def test_unlike_machines_never_share_a_table() -> None:
    found = timing(pd.DataFrame([process(), process(fingerprint="ffffffff")]))
    assert len(found) == 2
    assert all("not comparable" in "\n".join(each.notes) for each in found)
    assert "not comparable" not in notes(process())


def test_examples_per_joule_where_joules_were_counted() -> None:
    """20 laps of 100 examples for 50 joules."""
    assert cells(process(joules=50.0))["examples_per_joule"].value == pytest.approx(40)
    assert "examples_per_joule" not in cells(process())


def test_nothing_is_said_of_arithmetic_that_is_hardly_any() -> None:
    assert not {"achieved_tflops", "mfu_percent"} & cells(process(flop_per_step=16)).keys()
    assert "gflop_per_example" not in cells(process(flop_per_step=16))


def test_synthetic_data_are_explained() -> None:
    assert "random images" in notes(process(data="synthetic"))
    assert "random images" not in notes(process())


def test_every_format_takes_the_table() -> None:
    found = [table(process(), process(1, seconds=[0.5] * 3, mode="infer"))]
    assert "examples/s" in terminal(found, width=100)
    assert '"examples_per_second"' in json(found)


def test_joules_that_nobody_counts_are_told_with_the_reason() -> None:
    said = notes(process(uncounted="ask root"), process(recipe="alexnet", uncounted="ask root"))
    assert "No joules of resnet-20 train, batch 50, alexnet train, batch 50: ask root." in said
    assert "No joules" not in notes(process(joules=100.0, uncounted=""))
    assert "No joules" not in notes(process())  # a file of before dlbench asked


def test_joules_come_to_co2_by_what_a_kwh_comes_to() -> None:
    """2,000 examples on 3.6 kJ, so a million on half a kWh."""
    (found,) = timing(pd.DataFrame([process(number, joules=3600.0) for number in range(3)]), 400.0)
    (row,) = found.frame.to_dict("records")
    assert row["gco2_per_million_examples"].value == pytest.approx(200)
    assert heading("gco2_per_million_examples") == "g CO2 per million examples"
    assert "gco2_per_million_examples" not in cells(process(joules=3600.0))
    (unknown,) = timing(pd.DataFrame([process()]), 400.0)
    assert "gco2_per_million_examples" not in unknown.frame


def test_scaling_is_against_the_fewest_processes_of_the_same_recipe_and_settings() -> None:
    """200 examples a second by two, 360 by four, 400 by four with a batch each: of another recipe nothing is known."""
    four = {"processes": 4, "lap": 100 / 360, "gemm_tflops": 0.1}
    local = {"processes": 4, "batch": "local", "lap": 0.25, "batch_size": 200}
    found = table(process(**four), process(processes=2), process(**local), process(recipe="alexnet", processes=4))
    rows = found.frame.to_dict("records")
    efficiencies = [row["scaling_efficiency_percent"] for row in rows]
    assert efficiencies == [pytest.approx(90), None, pytest.approx(100), None]
    assert rows[1]["mfu_percent"] == pytest.approx(20)  # 0.04 TFLOP/s of two times 0.1
    assert any(note.startswith("Scaling efficiency") for note in found.notes)
    assert "scaling_efficiency_percent" not in cells(process())
