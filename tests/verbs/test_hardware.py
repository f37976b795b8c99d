"""The verbs `machine` and `devices`."""

import json

import pytest
import torch

from dlbench import published
from dlbench.measure import machine, peak
from dlbench.records.groups import Quoted
from dlbench.report.formats.terminal import terminal
from dlbench.report.table import PUBLISHED, missing
from dlbench.verbs import hardware

CPU = {
    "system": "AMD EPYC, 2 cores", "device": "cpu", "fp32_tflops": 0.13, "bf16_tflops": 0.21,
    "memory_gb_per_second": 21.5, "memory_gib": 24, "cpu_cores": 2,
}  # fmt: skip
GPU = {"system": "NVIDIA H100", "device": "cuda:0", "fp32_tflops": 51.0, "tf32_tflops": 380.0, "memory_gib": 79}


def test_machine_says_what_the_fingerprint_is_made_of(capsys):
    hardware.show_machine(as_json=False)
    said = capsys.readouterr().out
    here = machine.describe("cpu")
    for part, value in here.items():
        if part != "name":
            assert part.replace("_", " ") in said
            assert str(value) in said
    assert machine.versions()["torch"] in said
    assert "never averaged" in " ".join(said.split())


def test_machine_as_json_is_what_a_run_file_keeps(capsys):
    hardware.show_machine(as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["devices"]["cpu"] == machine.describe("cpu")
    assert found["versions"] == machine.versions()


def test_measured_and_published_figures_stand_side_by_side_and_apart():
    table = hardware.devices_table([CPU, GPU])
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
    table = hardware.devices_table([CPU])
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
    text = terminal([hardware.devices_table([CPU, GPU])], width=width)
    assert max(map(len, text.splitlines())) <= width
    for shown in ("0.13", "380", "170", "600,000", "5,000,000", "18,432"):
        assert shown in text


def test_the_processor_is_measured_without_tf32():
    threads = torch.get_num_threads()
    try:
        found = hardware.probe("cpu", seconds=0.01)
    finally:
        torch.set_num_threads(threads)
    assert found["fp32_tflops"] > 0
    assert found["memory_gb_per_second"] > 0
    assert found["cpu_cores"] == machine.cores()
    assert "tf32_tflops" not in found


def test_a_precision_the_device_lacks_is_said_and_left_out(monkeypatch, capsys):
    def only_fp32(device, precision, seconds):
        if precision != "fp32":
            raise RuntimeError(f"no {precision} here\nmore")
        return 0.5

    monkeypatch.setattr(peak, "tflops", only_fp32)
    monkeypatch.setattr(peak, "bandwidth_gb_per_second", lambda device, seconds: 10.0)
    found = hardware.probe("cpu")
    assert [name for name in found if name.endswith("_tflops")] == ["fp32_tflops"]
    assert "dlbench: cpu: no figure for bf16: no bf16 here\n" in capsys.readouterr().err


def test_devices_as_json_is_one_table(monkeypatch, capsys):
    monkeypatch.setattr(hardware, "probe", lambda device: CPU)
    hardware.show_devices(as_json=True)
    (table,) = json.loads(capsys.readouterr().out)
    assert table["rows"][0]["fp32_tflops"] == 0.13
    assert table["rows"][-1]["published_fp32_tflops"] == {"value": 7, "source": "the lecture's hardware slides"}


def test_load_on_the_cores_is_said_beside_the_figures(monkeypatch, capsys):
    monkeypatch.setattr(hardware, "probe", lambda device: CPU)
    monkeypatch.setattr(hardware.Watch, "read", lambda watch: {"other_cores": 1.4})
    hardware.show_devices(as_json=False)
    assert "Disturbed, cpu: other programs took 1.4 cores: close them" in " ".join(capsys.readouterr().out.split())


def _slides():
    return published.table("hardware")["system"]
