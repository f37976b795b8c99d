"""Readings of other load, and the words for them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from dlbench.measure import disturbance, nvml
from dlbench.measure.disturbance import Watch, merged, warnings

CALM = {"seconds": 3.0, "other_cores": 0.02, "stolen_cores": 0.0, "throttled": 0, "quota_seconds": 0.0}
SPIN = "import time\nend = time.perf_counter() + 30\nwhile time.perf_counter() < end: pass"


def told(**during: object) -> list[str]:
    return warnings(CALM, CALM | during, threads=2, cores=2)


def test_a_calm_machine_needs_no_word() -> None:
    assert told() == []
    assert warnings({}, {}, threads=2, cores=2) == []


@pytest.mark.parametrize(
    ("during", "fact", "remedy"),
    [
        ({"other_cores": 1.26}, "took 1.3 cores, and had not before", "close them"),
        ({"stolen_cores": 0.5}, "the host gave 0.5", "time again later"),
        ({"throttled": 3}, "too hot", "cool it"),
        ({"quota_seconds": 1.5}, "for 1.5 s", "raise its limit"),
        ({"gpu_throttled": ["heat"]}, "clock down (heat)", "nvidia-smi"),
        ({"gpu_others": 2}, "2 other programs are on the GPU", "end them"),
    ],
)
def test_each_disturbance_has_one_line_that_says_what_to_do(during: dict[str, object], fact: str, remedy: str) -> None:
    (line,) = told(**during)
    assert fact in line
    assert remedy in line
    assert "\n" not in line


def test_load_that_was_there_before_is_not_called_new() -> None:
    (line,) = warnings(CALM | {"other_cores": 1.0}, CALM | {"other_cores": 1.0}, threads=2, cores=2)
    assert line.startswith("other programs took 1.0 cores: close")


def test_more_threads_than_cores_and_denormals_are_named() -> None:
    threads, denormals = warnings(CALM, CALM, threads=8, cores=2, flushed=False)
    assert "8 threads on 2 cores" in threads
    assert "--threads 2" in threads
    assert "denormal" in denormals


def test_worst_of_several_processes_is_kept() -> None:
    found = merged([{"other_cores": 0.1, "gpu_throttled": []}, {"other_cores": 0.7, "gpu_throttled": ["heat"]}, {}])
    assert found == {"other_cores": 0.7, "gpu_throttled": ["heat"]}


class Scripted:
    """Stands in for psutil: processor times as they are set."""

    def __init__(self) -> None:
        self.own, self.cores = 0.0, [0.0, 0.0]
        self.stolen = 0.0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """A machine of two cores whose counters the test moves, a second at each reading."""
    from psutil import _pslinux  # the very tuples that Linux gives

    script, seconds = Scripted(), iter(range(100))
    own = type("P", (), {"cpu_times": lambda self: (script.own, 0.0, 0.0, 0.0)})
    row = _pslinux.scputimes if hasattr(_pslinux, "scputimes") else None
    if row is None:
        pytest.skip("psutil names its tuples otherwise here")

    def times(percpu: bool) -> list[object]:
        fields = dict.fromkeys(row._fields, 0.0)
        return [row(**(fields | {"user": busy, "idle": 99 - busy, "steal": script.stolen})) for busy in script.cores]

    monkeypatch.setattr(disturbance, "_affinity", lambda: {0, 1})
    monkeypatch.setattr(disturbance.psutil, "Process", own)
    monkeypatch.setattr(disturbance.psutil, "cpu_times", times)
    monkeypatch.setattr(disturbance.time, "perf_counter", lambda: float(next(seconds)))
    return script


def test_own_time_and_idle_time_are_not_other_load(machine: Scripted) -> None:
    watch = Watch()
    machine.own, machine.cores = 1.5, [1.0, 0.75]
    assert watch.read()["other_cores"] == pytest.approx(0.25)
    machine.own, machine.cores, machine.stolen = 1.5, [1.0, 0.75], 0.25
    found = watch.read()
    assert found["other_cores"] == 0
    assert found["stolen_cores"] == 0.5


def test_another_process_that_spins_is_seen_and_this_one_is_not() -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("needs processor affinity")
    with subprocess.Popen([sys.executable, "-c", SPIN]) as spinner:
        watch = Watch()
        busy_until = time.process_time() + 0.3
        while time.process_time() < busy_until:
            pass
        found = watch.read()
        spinner.kill()
    assert found["other_cores"] > 0.1
    assert found["other_cores"] <= len(os.sched_getaffinity(0)) + 0.1


def test_heat_and_quotas_are_read_where_linux_tells_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = tmp_path / "cpu0" / "thermal_throttle" / "core_throttle_count"
    count.parent.mkdir(parents=True)
    quota = tmp_path / "cpu.stat"
    count.write_text("7\n")
    quota.write_text("usage_usec 5\nnr_throttled 1\nthrottled_usec 1000000\n")
    monkeypatch.setattr(disturbance, "PROCESSORS", tmp_path)
    monkeypatch.setattr(disturbance, "CGROUP", quota)
    watch = Watch()
    count.write_text("9\n")
    quota.write_text("usage_usec 5\nnr_throttled 3\nthrottled_usec 1500000\n")
    found = watch.read()
    assert (found["throttled"], found["quota_seconds"]) == (2, pytest.approx(0.5))


def test_what_this_machine_does_not_tell_is_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disturbance, "PROCESSORS", tmp_path)
    monkeypatch.setattr(disturbance, "CGROUP", tmp_path / "cpu.stat")
    assert not {"throttled", "quota_seconds", "gpu_others"} & Watch().read().keys()


def test_a_gpu_s_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def nvmlDeviceGetCurrentClocksThrottleReasons(self, card: object) -> int:
            return 0x01 | 0x40 | 0x04  # idle, heat, power

        def nvmlDeviceGetComputeRunningProcesses(self, card: object) -> list[object]:
            return [type("Process", (), {"pid": pid}) for pid in (os.getpid(), 1)]

    monkeypatch.setattr(nvml, "ask", lambda device, question: question(Library(), None))
    assert disturbance._gpu("cuda:0") == {"gpu_throttled": ["heat", "power limit"], "gpu_others": 1}


def test_denormals_are_known_to_be_flushed_or_not() -> None:
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor cannot flush denormals")
    try:
        assert disturbance.denormals_flushed()
        torch.set_flush_denormal(False)
        assert not disturbance.denormals_flushed()
    finally:
        torch.set_flush_denormal(False)


@pytest.mark.parametrize(
    ("load", "threads", "cores", "advice"),
    [(1.0, 2, 2, "--threads 1"), (2.2, 4, 4, "--threads 2"), (0.2, 2, 2, ""), (1.0, 1, 2, ""), (2.0, 2, 4, "")],
)
def test_threads_that_others_keep_waiting_are_told(load, threads, cores, advice):
    told = disturbance.crowding({"other_cores": load}, threads=threads, cores=cores)
    assert advice in told
    assert bool(told) == bool(advice)
