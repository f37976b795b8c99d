"""The verbs `machine` and `devices`."""

import json

import torch

from dlbench.cli import machine as verbs
from dlbench.measure import disturbance, machine, peak

CPU = {
    "system": "AMD EPYC, 2 cores", "device": "cpu", "fp32_tflops": 0.13, "bf16_tflops": 0.21,
    "memory_gb_per_second": 21.5, "memory_gib": 24, "cpu_cores": 2,
}  # fmt: skip


def test_machine_says_what_the_fingerprint_is_made_of(capsys):
    verbs.machine(as_json=False)
    said = capsys.readouterr().out
    here = machine.describe("cpu")
    for part, value in here.items():
        if part != "name":
            assert part.replace("_", " ") in said
            assert str(value) in said
    assert machine.versions()["torch"] in said
    assert "never averaged" in " ".join(said.split())


def test_machine_as_json_is_what_a_run_file_keeps(capsys):
    verbs.machine(as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["devices"]["cpu"] == machine.describe("cpu")
    assert found["versions"] == machine.versions()


def test_the_processor_is_measured_without_tf32():
    threads = torch.get_num_threads()
    try:
        found = verbs.probe("cpu", seconds=0.01)
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
    found = verbs.probe("cpu")
    assert [name for name in found if name.endswith("_tflops")] == ["fp32_tflops"]
    assert "dlbench: cpu: no figure for bf16: no bf16 here\n" in capsys.readouterr().err


def test_devices_as_json_is_one_table(monkeypatch, capsys):
    monkeypatch.setattr(verbs, "probe", lambda device: CPU)
    verbs.devices(as_json=True)
    (table,) = json.loads(capsys.readouterr().out)
    assert table["rows"][0]["fp32_tflops"] == 0.13
    assert table["rows"][-1]["published_fp32_tflops"] == {"value": 7, "source": "the lecture's hardware slides"}


def test_load_on_the_cores_is_said_beside_the_figures(monkeypatch, capsys):
    monkeypatch.setattr(verbs, "probe", lambda device: CPU)
    monkeypatch.setattr(disturbance.Watch, "read", lambda watch: {"other_cores": 1.4})
    verbs.devices(as_json=False)
    assert "Disturbed, cpu: other programs took 1.4 cores: close them" in " ".join(capsys.readouterr().out.split())
