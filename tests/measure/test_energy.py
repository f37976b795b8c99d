"""Counters of energy laid out as Linux lays them out."""

from pathlib import Path

import pytest

from dlbench.measure import energy, nvml
from dlbench.measure.energy import Meter


def counter(root: Path, name: str, kind: str, microjoules: int, size: int = 1_000_000) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "name").write_text(f"{kind}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{size}\n")
    return folder / "energy_uj"


def test_counts_joules_since_the_last_call(tmp_path: Path) -> None:
    file = counter(tmp_path, "intel-rapl:0", "package-0", 100_000)
    meter = Meter("cpu", tmp_path)
    file.write_text("350000")
    assert meter.joules() == pytest.approx(0.25)
    assert meter.joules() == 0


def test_a_counter_that_has_come_round_is_not_negative(tmp_path: Path) -> None:
    file = counter(tmp_path, "intel-rapl:0", "package-0", 900_000, size=1_000_000)
    meter = Meter("cpu", tmp_path)
    file.write_text("100000")
    assert meter.joules() == pytest.approx(0.2)


def test_packages_are_summed_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    files = [
        counter(tmp_path, "intel-rapl:0", "package-0", 0),
        counter(tmp_path, "intel-rapl:1", "package-1", 0),
        counter(tmp_path, "intel-rapl:0:0", "core", 0),
        counter(tmp_path, "intel-rapl:2", "psys", 0),
        counter(tmp_path, "intel-rapl-mmio:0", "package-0", 0),
    ]
    meter = Meter("cpu", tmp_path)
    for file, microjoules in zip(files, (1, 20, 300, 4000, 50_000), strict=True):
        file.write_text(str(microjoules))
    assert meter.joules() == pytest.approx(21e-6)


def test_no_counter_or_none_that_may_be_read_gives_none(tmp_path: Path) -> None:
    assert Meter("cpu", tmp_path / "absent").joules() is None
    file = counter(tmp_path, "intel-rapl:0", "package-0", 5)
    meter = Meter("cpu", tmp_path)
    file.unlink()
    file.mkdir()  # as unreadable to root as a protected file is to others
    assert meter.joules() is None
    file.rmdir()
    file.write_text("7")
    assert meter.joules() is None


def test_who_cannot_count_says_why_and_what_to_do(tmp_path: Path) -> None:
    assert "no counter (RAPL)" in Meter("cpu", tmp_path / "absent").why_not()
    file = counter(tmp_path, "intel-rapl:0", "package-0", 5)
    assert Meter("cpu", tmp_path).why_not() == ""
    file.unlink()
    file.mkdir()  # see above
    assert f"only root may read {file}: sudo chmod a+r" in Meter("cpu", tmp_path).why_not()
    assert Meter("xpu:0", tmp_path).why_not() == "nothing counts the energy of xpu:0"


@pytest.mark.parametrize(("spec", "words"), [(None, "pip install nvidia-ml-py"), (object(), "driver tells no energy")])
def test_a_gpu_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, spec: object, words: str) -> None:
    monkeypatch.setattr(energy, "find_spec", lambda name: spec)
    assert words in Meter("cuda:999").why_not()


def test_the_processors_counter_is_not_that_of_another_device(tmp_path: Path) -> None:
    file = counter(tmp_path, "intel-rapl:0", "package-0", 100_000)
    meter = Meter("mps", tmp_path)
    file.write_text("350000")
    assert meter.joules() is None


def test_a_gpu_counts_its_own_millijoules(monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        reading = 5000

        def nvmlDeviceGetTotalEnergyConsumption(self, card: object) -> int:
            return self.reading

    library = Library()
    monkeypatch.setattr(nvml, "ask", lambda device, question: question(library, None))
    meter = Meter("cuda:0")
    library.reading = 7500
    assert meter.joules() == 2.5


def test_a_gpu_that_does_not_answer_gives_none() -> None:
    assert nvml.ask("cuda:999", energy._microjoules) is None
    assert Meter("cuda:999").joules() is None
