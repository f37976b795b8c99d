"""Baselines: kept, listed, shown, removed, and never half written."""

import os
from pathlib import Path

import measured
import pandas as pd
import pytest

from dlbench.cli import baseline
from dlbench.errors import InputError
from dlbench.judge import measurements
from dlbench.records import store


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A results folder whose measurements are made up."""
    frame = measured.side({"test_error_percent": [8.0, 9.0], "examples_per_second": [100.0, 110.0]})
    (tmp_path / "kept.json").write_text(measurements.to_json(frame))
    (tmp_path / "results").mkdir()
    load = measurements.load
    monkeypatch.setattr(
        measurements, "load", lambda place: load(tmp_path / "kept.json" if place.name == "results" else place)
    )
    return tmp_path / "results"


def test_what_is_saved_is_loaded_again(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline.save("v1.0", results)
    assert "4 values of 2 runs and timings, 1 recipe" in capsys.readouterr().out
    pd.testing.assert_frame_equal(measurements.load(baseline.existing("v1.0", results)), measurements.load(results))
    assert [file.name for file in (results / baseline.FOLDER).iterdir()] == ["v1.0.json"]
    assert store.load(results).empty  # a baseline is no run


def test_a_name_that_is_taken_is_kept_unless_forced(results: Path) -> None:
    baseline.save("main", results)
    with pytest.raises(InputError, match="baseline main: exists already; --force"):
        baseline.save("main", results)
    baseline.save("main", results, force=True)


def test_a_write_that_fails_leaves_the_old_one(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    baseline.save("main", results)
    before = baseline.existing("main", results).read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left"):
        baseline.save("main", results, force=True)
    assert baseline.existing("main", results).read_bytes() == before
    assert baseline.names(results) == ["main"]


def test_listed_shown_and_removed(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline.list_(results)
    assert "no baselines in" in capsys.readouterr().out
    baseline.save("main", results)
    baseline.list_(results)
    assert "main" in capsys.readouterr().out
    baseline.show("main", results)
    assert "8.5 ± 0.7 (n=2)" in capsys.readouterr().out
    baseline.rm("main", results)
    assert baseline.names(results) == []


def test_an_unknown_one_is_told_with_the_near_miss(results: Path) -> None:
    with pytest.raises(InputError, match=r"no baseline 'main' .*`dlbench baseline save NAME` makes one"):
        baseline.show("main", results)
    baseline.save("main", results)
    with pytest.raises(InputError, match=r"no baseline 'mian' .*\(did you mean 'main'\?\); here: main"):
        baseline.rm("mian", results)


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "-rf", "a/b", "../a", "a\\b", "a b", "a\n", "ä", "a" * 101])
def test_a_name_is_no_path(results: Path, name: str) -> None:
    with pytest.raises(InputError, match="a name has letters"):
        baseline.save(name, results)


def test_nothing_measured_is_no_baseline(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no runs to keep"):
        baseline.save("main", tmp_path / "empty")
