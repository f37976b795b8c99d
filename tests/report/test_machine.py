"""The devices here beside the lecture's hardware: no figure lost, none taken for another."""

import pytest

from dlbench import published
from dlbench.records.groups import Quoted
from dlbench.report.formats.terminal import page as terminal
from dlbench.report.machine import BESIDE, devices_table
from dlbench.report.table import PUBLISHED, missing
from dlbench.studies.hardware import remarks, systems

CPU = {
    "system": "AMD EPYC, 2 cores", "device": "cpu", "fp32_tflops": 0.13, "bf16_tflops": 0.21,
    "memory_gb_per_second": 21.5, "memory_gib": 24, "cpu_cores": 2,
}  # fmt: skip
GPU = {"system": "NVIDIA H100", "device": "cuda:0", "fp32_tflops": 51.0, "tf32_tflops": 380.0, "memory_gib": 79}


def devices(measured):
    return devices_table(measured, systems(BESIDE), remarks())


def test_measured_and_published_figures_stand_side_by_side_and_apart():
    table = devices([CPU, GPU])
    frame = table.frame.set_index("system")
    columns = list(table.frame.columns)
    assert columns[columns.index("fp32_tflops") + 1] == "published_fp32_tflops"
    assert frame.loc["AMD EPYC, 2 cores", "fp32_tflops"] == 0.13
    assert frame.loc["NVIDIA TITAN X", "published_fp32_tflops"] == Quoted(7, "the lecture's hardware slides")
    assert frame.loc["NVIDIA TITAN X", "fp32_tflops"] is None
    for column in columns[2:]:
        owners = {system for system, cell in frame[column].items() if not missing(cell)}
        assert owners <= ({"AMD EPYC, 2 cores", "NVIDIA H100"} if not column.startswith(PUBLISHED) else set(_slides()))


def test_no_published_figure_is_lost():
    table = devices([CPU])
    shown = sum(isinstance(cell, Quoted) for _, cells in table.frame.items() for cell in cells)
    figures = published.table("hardware").drop(columns=["system", "note", "source"])
    assert shown == figures.notna().to_numpy().sum()
    notes = " ".join(table.notes)
    for remark in published.table("hardware")["note"].dropna():
        assert remark in notes
    # 600 kW over 4 kW, $5,000,000 over $33,000
    assert "150 times less power" in notes
    assert "152 times less" in notes


@pytest.mark.parametrize("width", [80, 120])
def test_the_devices_fit_the_page(width):
    text = terminal([devices([CPU, GPU])], width=width)
    assert max(map(len, text.splitlines())) <= width
    for shown in ("0.13", "380", "170", "600,000", "5,000,000", "18,432"):
        assert shown in text


def _slides():
    return published.table("hardware")["system"]
