"""Exports, from run files as `dlbench run` leaves them."""

import csv
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import own
import pytest

from dlbench.cli import export
from dlbench.errors import InputError
from dlbench.judge import measurements, metrics
from dlbench.report import benchmarks, formats
from dlbench.trials import plan, runner

DASHBOARDS = ("bencher", "benchmark-action-bigger", "benchmark-action-smaller")


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    """Three seeds of a recipe that finishes, and one of a recipe that fails."""
    folder = tmp_path_factory.mktemp("exported")
    plain, raising = own.write(folder, "plain"), own.write(folder, "raising")
    runner.run(plan.trials([plain], device="cpu", seeds=[0, 1, 2], threads=1), folder / "results")
    runner.run(plan.trials([raising], device="cpu", threads=1), folder / "results")
    return folder / "results"


@pytest.fixture(scope="module")
def frame(results):
    return measurements.load(results)


def written(frame, format):
    return formats.text("measurements", frame, format)


def test_bencher_has_value_and_bounds_of_every_metric_with_a_better_side(frame):
    found = json.loads(written(frame, "bencher"))
    assert set(found) == {"plain short cpu"}
    measures = found["plain short cpu"]
    assert {"test-error-percent", "examples-per-second", "peak-memory-bytes"} <= set(measures)
    assert not {"seed", "parameters", "novikoff-bound"} & set(measures)
    errors = frame.loc[frame["metric"] == "test_error_percent", "value"]
    assert measures["test-error-percent"]["value"] == pytest.approx(errors.mean())
    for name, value in measures.items():
        assert name == name.lower()
        assert len(name) <= 64
        assert 0 <= value["lower_value"] <= value["value"] <= value["upper_value"]


def test_bencher_takes_one_value_without_bounds(frame):
    found = json.loads(written(frame[frame["replicate"] == 0], "bencher"))
    assert {tuple(value) for value in found["plain short cpu"].values()} == {("value",)}


def test_each_direction_of_the_custom_format_has_its_own_metrics_and_none_twice(frame):
    bigger, smaller = (json.loads(written(frame, name)) for name in DASHBOARDS[1:])
    for entries, better in ((bigger, metrics.BIGGER), (smaller, metrics.SMALLER)):
        for entry in entries:
            assert metrics.metric(entry["name"].partition(": ")[2]).better == better
            assert set(entry) == {"name", "unit", "value", "range", "extra"}
            assert isinstance(entry["value"], float)
            assert entry["unit"]
            assert entry["range"].startswith("± ")
            assert "3 seeds" in entry["extra"]
    names = [entry["name"] for entry in bigger + smaller]
    assert len(names) == len(set(names))
    assert {entry["name"]: entry["unit"] for entry in bigger}["plain short cpu: examples_per_second"] == "examples/s"
    assert {entry["name"]: entry["unit"] for entry in smaller}["plain short cpu: test_error_percent"] == "%"


def test_what_did_not_finish_is_counted_and_left_out(frame, capsys):
    assert {each.row["recipe"] for each in benchmarks.series(frame)} == {"plain"}
    assert "1 run that did not finish left out" in capsys.readouterr().err


def test_of_one_benchmark_measured_twice_the_newest_is_taken_and_told(frame, capsys):
    older = frame.assign(torch="2.0.0", value=1e9, date="2000-01-01T00:00:00+00:00")
    import pandas as pd

    expected = written(frame, "bencher")
    for both in ([older, frame], [frame, older]):
        capsys.readouterr()
        assert json.loads(written(pd.concat(both, ignore_index=True), "bencher")) == json.loads(expected)
        assert "plain short cpu: of several machines" in capsys.readouterr().err


def test_names_tell_apart_what_is_measured_side_by_side(frame):
    row = frame[frame["metric"] == "test_error_percent"].iloc[:1]
    changes = [
        {}, {"budget": "full"}, {"device": "cuda:0"}, {"precision": "bf16"}, {"compile": True},
        {"channels_last": False}, {"budget": "time"}, {"budget": "time", "mode": "infer"},
        {"budget": "time", "batch_size": 32},
    ]  # fmt: skip
    names = [benchmarks.series(row.assign(**change))[0].benchmark for change in changes]
    assert len(set(names)) == len(names)
    assert names[3] == "plain short cpu bf16"
    assert names[-1] == "plain time train batch 32 cpu"


def test_json_is_measurements_that_can_be_exported_again(results, frame, tmp_path):
    export.export(results, "json", tmp_path / "all.json")
    export.export(tmp_path / "all.json", "csv", tmp_path / "again.csv")
    export.export(results, "csv", tmp_path / "first.csv")
    assert (tmp_path / "again.csv").read_text() == (tmp_path / "first.csv").read_text()
    rows = list(csv.DictReader((tmp_path / "first.csv").read_text().splitlines()))
    assert len(rows) == len(frame)
    assert {row["status"] for row in rows} == {"finished", "failed"}


def test_markdown_is_a_row_a_benchmark_with_spread_and_machine(frame):
    text = written(frame, "markdown")
    (row,) = [line for line in text.splitlines() if line.startswith("| plain")]
    assert "(n=3)" in row
    assert "test error %" in text
    assert f"torch {frame['torch'].iloc[0]}" in text


def test_after_a_run_each_place_gets_its_format(results, tmp_path, capsys):
    paths = [*results.rglob("*.jsonl"), tmp_path / "never-begun.jsonl"]
    places = {"json": tmp_path / "a.json", "csv": None, "markdown": formats.STANDARD_OUTPUT}
    export.check(places)
    export.after_run(paths, places)
    assert len(measurements.load(tmp_path / "a.json")) == len(measurements.load(results))
    assert capsys.readouterr().out.startswith("### Measurements")
    assert not (tmp_path / "b.csv").exists()


def test_after_a_run_an_unreadable_file_costs_only_itself(results, tmp_path, capsys):
    (tmp_path / "bad.jsonl").write_text("garbage\n")
    export.after_run([*results.rglob("*.jsonl"), tmp_path / "bad.jsonl"], {"json": tmp_path / "a.json"})
    assert "bad.jsonl" in capsys.readouterr().err
    assert len(measurements.load(tmp_path / "a.json")) == len(measurements.load(results))


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ({"json": Path("none/a.json")}, "none/a.json: cannot be written"),
        ({"json": Path()}, "cannot be written"),
        ({"json": Path("file/a.json")}, "cannot be written"),
        ({"json": Path("-"), "csv": Path("-")}, "two exports cannot go there"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_runs(tmp_path, places, words):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=words) as caught:
        export.check(places)
    assert "\n" not in str(caught.value)


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    place = tmp_path / "a.json"
    place.write_text("before")
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(UnicodeEncodeError):
        formats.deliver("half \ud800", place)
    assert place.read_text() == "before"
    formats.deliver("after", tmp_path / "link")
    assert place.read_text() == "after"
    assert (tmp_path / "link").is_symlink()
    umask = os.umask(0o022)
    os.umask(umask)
    assert stat.S_IMODE(place.stat().st_mode) == 0o666 & ~umask
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "link"}


def test_a_disk_that_is_full_is_one_line_and_the_old_file_stays(tmp_path):
    """A limit on file sizes stands in for the disk."""
    code = (
        "import resource, signal; from pathlib import Path; from dlbench.report import formats\n"
        "from dlbench.errors import InputError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: formats.deliver('x' * 100_000, Path('a.json'))\n"
        "except InputError as error: print(error)\n"
    )
    (tmp_path / "a.json").write_text("before")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "a.json: cannot be written (File too large)\n"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.json", "before")]


def test_what_is_no_file_is_written_to_and_not_replaced(capfd):
    formats.deliver("through", Path("/dev/stderr"))
    assert capfd.readouterr().err == "through"


def test_nothing_to_export_says_what_to_do(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no measurements; `dlbench run"):
        export.export(tmp_path / "empty", "json")
    with pytest.raises(InputError, match="no such file or folder"):
        export.export(tmp_path / "none", "json")


@pytest.mark.parametrize("format", formats.names("measurements"))
def test_a_copy_of_a_run_changes_no_export(results, tmp_path, format):
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    shutil.copytree(results, alone)
    shutil.copytree(results, beside)
    shutil.copytree(results / "plain", beside / "backup" / "plain")
    texts = [written(measurements.load(folder), format) for folder in (alone, beside)]
    assert texts[0] == texts[1].replace(str(beside), str(alone))


def test_of_two_codes_the_newest_is_exported_and_told(frame, capsys):
    import pandas as pd

    older = frame.assign(code="0ld", value=1e9, date="2000-01-01T00:00:00+00:00")
    assert written(pd.concat([older, frame]), "bencher") == formats.text("measurements", frame, "bencher")
    assert capsys.readouterr().err.count("plain short cpu: of several machines") == 1
