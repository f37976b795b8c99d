import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from dlbench.errors import InputError
from dlbench.measure import machine, memory, precision
from dlbench.measure.clock import Clock

ARM = """processor\t: {core}
BogoMIPS\t: 243.75
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x3
CPU part\t: {part}
CPU revision\t: 1

"""
X86 = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: {name}\nstepping\t: 0\n"


@pytest.fixture
def limited(tmp_path, monkeypatch):
    """Control groups as files say; this process is where `membership` says."""

    def limited(membership: str, **files: str) -> None:
        (tmp_path / "membership").write_text(membership)
        monkeypatch.setattr(machine, "MEMBERSHIP", tmp_path / "membership")
        monkeypatch.setattr(machine, "CGROUPS", tmp_path / "groups")
        for place, text in files.items():
            path = tmp_path / "groups" / place.replace("__", "/").replace("_max", ".max").replace("cfs", "cpu.cfs")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return limited


@pytest.fixture
def many_cores(monkeypatch):
    monkeypatch.setattr(machine, "_cores_without_quota", lambda: 8)


@pytest.fixture
def described(tmp_path, monkeypatch):
    """The machine whose /proc/cpuinfo says this."""

    def described(told: str, device: str = "cpu") -> dict:
        (tmp_path / "cpuinfo").write_text(told)
        monkeypatch.setattr(machine, "CPUINFO", tmp_path / "cpuinfo")
        machine.cpu_name.cache_clear()
        return machine.describe(device)

    yield described
    machine.cpu_name.cache_clear()


def test_the_fingerprint_is_the_same_however_busy_the_machine_is():
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(machine.cores())]
    try:
        found = []
        for _ in range(20):
            machine.cpu_name.cache_clear()
            found.append(machine.describe("cpu"))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    here = found[0]
    assert found == [here] * 20
    assert here["cores"] >= 1
    assert here["memory_gib"] >= 1
    assert len(here["fingerprint"]) == 8


def test_software_stands_beside_the_fingerprint_not_in_it(monkeypatch):
    here = machine.describe("cpu")
    assert here["torch_build"].split()[0] in {"CPU", "CUDA", "ROCm"}
    monkeypatch.setattr("torch.version.cuda", "99.9")
    other = machine.describe("cpu")
    assert other == here | {"torch_build": "CUDA 99.9"}


@pytest.mark.parametrize(
    ("files", "quota", "cores"),
    [
        ({}, None, 8),
        ({"cpu_max": "max 100000\n"}, None, 8),
        ({"cpu_max": "250000 100000\n"}, 2.5, 2),
        ({"cpu_max": "50000 100000\n"}, 0.5, 1),
        ({"cpu_max": "1600000 100000\n"}, 16.0, 8),
        ({"a__b__cpu_max": "max 100000\n", "a__cpu_max": "300000 100000\n"}, 3.0, 3),
        ({"a__b__cpu_max": "200000 100000\n", "a__cpu_max": "300000 100000\n"}, 2.0, 2),
    ],
)
def test_a_quota_of_this_group_or_of_one_around_it_counts(limited, many_cores, files, quota, cores):
    limited("0::/a/b\n", **files)
    assert (machine.quota(), machine.cores()) == (quota, cores)


@pytest.mark.parametrize(("quota", "cores"), [("-1", 8), ("400000", 4)])
def test_the_older_control_groups_have_a_quota_too(limited, many_cores, quota, cores):
    """In a container they are seen from within, though the path is the one from without."""
    limited("3:cpuset:/\n2:cpu,cpuacct:/docker/1a2b\n0::/\n", cpu__cfs_quota_us=quota, cpu__cfs_period_us="100000")
    assert machine.cores() == cores


def test_the_fingerprint_tells_of_a_quota_only_where_one_limits(limited, many_cores):
    limited("0::/\n")
    free = machine.describe("cpu")
    limited("0::/\n", cpu_max="1600000 100000")
    assert machine.describe("cpu") == free
    assert "quota_cores" not in free
    limited("0::/\n", cpu_max="250000 100000")
    held = machine.describe("cpu")
    assert (held["cores"], held["quota_cores"]) == (2, 2.5)
    assert held["fingerprint"] != free["fingerprint"]


def test_machines_without_a_model_name_are_told_apart(described):
    one = described("".join(ARM.format(core=core, part="0xd0c") for core in range(4)))
    other = described("".join(ARM.format(core=core, part="0xd40") for core in range(4)))
    mixed = described(ARM.format(core=0, part="0xd05") + ARM.format(core=1, part="0xd41"))
    assert [found["cpu"] for found in (one, other, mixed)] == [
        "Arm 0x41:0xd0c",
        "Arm 0x41:0xd40",
        "Arm 0x41:0xd05 0x41:0xd41",
    ]
    assert len({found["fingerprint"] for found in (one, other, mixed)}) == 3


def test_a_mac_is_called_what_its_maker_calls_it(tmp_path, monkeypatch):
    script = tmp_path / "sysctl"
    script.write_text('#!/bin/sh\n[ "$*" = "-n machdep.cpu.brand_string" ] && echo "Apple M2 Pro"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr(machine, "CPUINFO", tmp_path / "none")
    machine.cpu_name.cache_clear()
    assert machine.cpu_name() == "Apple M2 Pro"
    machine.cpu_name.cache_clear()


@pytest.mark.parametrize(
    ("fingerprint", "device", "cpu", "cores", "memory", "accelerator"),
    [
        ("d17cb1ae", "cpu", "AMD EPYC", 2, 24, ""),
        ("0988fc64", "cpu", "Intel(R) Xeon(R) Processor", 2, 24, ""),
        ("f26aac50", "cuda:0", "Intel(R) Xeon(R) Processor", 16, 126, "NVIDIA H200"),
    ],
)
def test_the_machines_of_committed_runs_keep_their_fingerprints(
    described, monkeypatch, fingerprint, device, cpu, cores, memory, accelerator
):
    monkeypatch.setattr(machine, "_cores_without_quota", lambda: cores)
    monkeypatch.setattr(machine, "quota", lambda: None)
    monkeypatch.setattr("psutil.virtual_memory", lambda: SimpleNamespace(total=memory * 2**30))
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("torch.backends.cpu.get_cpu_capability", lambda: "AVX512")
    monkeypatch.setattr("torch.cuda.get_device_name", lambda _: accelerator)
    assert described(X86.format(name=cpu), device)["fingerprint"] == fingerprint


def test_a_device_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match=r"cuda:99: not on this machine.*cpu"):
        machine.resolve_device("cuda:99")
    with pytest.raises(InputError, match="not on this machine"):
        machine.resolve_device("gpu")
    assert machine.resolve_device("cpu") == "cpu"
    assert machine.resolve_device("auto") in [device["device"] for device in machine.devices()]


@pytest.fixture
def an_apple_gpu(monkeypatch):
    """As torch shows it; there was none here to compute on."""
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)


@pytest.fixture
def an_intel_gpu(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr("torch.xpu.is_available", lambda: True)
    monkeypatch.setattr("torch.xpu.device_count", lambda: 1)
    monkeypatch.setattr("torch.xpu.get_device_name", lambda _: "Intel(R) Arc(TM) B580 Graphics")
    monkeypatch.setattr("torch.xpu.get_device_properties", lambda _: SimpleNamespace(driver_version="1.6.33578"))


def test_an_apple_gpu_is_chosen_and_is_another_machine_than_its_processor(an_apple_gpu):
    assert machine.resolve_device("auto") == machine.resolve_device("mps") == "mps"
    gpu, cpu = machine.describe("mps"), machine.describe("cpu")
    assert gpu["accelerator"] == f"{machine.cpu_name()} GPU"
    assert gpu["fingerprint"] != cpu["fingerprint"]
    assert gpu["driver"].startswith("macOS")


def test_an_intel_gpu_is_chosen_and_named(an_intel_gpu):
    assert machine.resolve_device("auto") == machine.resolve_device("xpu") == "xpu:0"
    described = machine.describe("xpu:0")
    assert (described["name"], described["driver"]) == ("Intel(R) Arc(TM) B580 Graphics", "1.6.33578")
    assert described["fingerprint"] != machine.describe("cpu")["fingerprint"]


@pytest.mark.parametrize(("is_native", "chosen"), [(True, "bf16"), (False, "fp32")])
def test_an_intel_gpu_s_precision_is_what_torch_says_of_it(monkeypatch, is_native, chosen):
    monkeypatch.setattr("torch.xpu.is_bf16_supported", lambda including_emulation: is_native)
    assert precision.automatic("xpu:0") == chosen
    assert precision.automatic("mps") == "fp32"


def test_the_most_memory_is_counted_on_intel_s_gpus_and_unknown_on_apple_s(monkeypatch):
    monkeypatch.setattr("torch.xpu.max_memory_reserved", lambda _: 2**20)
    assert (memory.device_peak_bytes("xpu:0"), memory.device_peak_bytes("mps")) == (2**20, None)


@pytest.mark.parametrize("device", ["mps", "xpu:0"])
def test_a_clock_waits_for_either(monkeypatch, device):
    waits = []
    monkeypatch.setattr(f"torch.{device[:3]}.synchronize", lambda *_: waits.append(device))
    clock = Clock(torch.device(device))
    clock.start()
    clock.lap()
    assert waits == [device, device]
