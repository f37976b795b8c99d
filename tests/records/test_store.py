import json
import math
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.judge import measurements
from dlbench.records import store
from dlbench.records.events import End, Lap, Ready, Score, line
from dlbench.trials import plan
from dlbench.trials.workers import runfile


@pytest.fixture
def trial():
    return plan.trials(["lenet-digits"], device="cpu", seeds=[0])[0]


def write(trial, out, *events):
    file = runfile.RunFile(trial, out)
    for event in events:
        file.write(event)
    return file.path


READY = Ready("d", 8, 4, 2, 3)
LAP = Lap(1, 8, 0.5, 1.0, {})
LOOK = Score(1, False, 4, {"test_error_percent": 1.0}, 1)
SCORE = Score(2, True, None, {"test_error_percent": 7.0}, 1)
END = End("finished", "", 2, 16, 2.0, wall_seconds=9.0, peak_memory_bytes=5)


def test_a_run_is_one_row_with_its_final_score_and_its_raw_speed(trial, tmp_path):
    write(trial, tmp_path, READY, LAP, LOOK, LAP, SCORE, END)
    row = store.load(tmp_path).iloc[0]
    assert (row["recipe"], row["budget"], row["seed"], row["status"]) == ("lenet-digits", "short", 0, "finished")
    assert row["test_error_percent"] == 7.0  # the last, though the look on the way was better
    assert row["examples_per_second"] == 8.0
    assert row["parameters"] == 2
    assert row["recipe_json"]["model"] == {"name": "lenet5"}
    curve = store.curves(tmp_path)
    assert list(curve["test_error_percent"]) == [1.0, 7.0]
    assert list(curve["final"]) == [False, True]


def test_everything_needed_to_repeat_the_trial_stands_first(trial, tmp_path):
    start = json.loads(write(trial, tmp_path).read_text().splitlines()[0])
    assert start["schema"] == store.SCHEMA
    assert start["recipe"] == trial.recipe.as_dict()
    assert {"torch", "dlbench", "python"} <= set(start["versions"])
    assert {"cpu", "fingerprint", "name"} <= set(start["machine"])
    assert start["execution"]["device"] == "cpu"


@pytest.mark.parametrize("status", ["diverged", "failed", "killed", "out_of_memory", "timeout", "interrupted"])
def test_a_run_that_did_not_finish_has_no_score(trial, tmp_path, status):
    write(trial, tmp_path, READY, LAP, LOOK, End(status, "why"))
    row = store.load(tmp_path).iloc[0]
    assert (row["status"], row["message"]) == (status, "why")
    assert "test_error_percent" not in row
    assert math.isnan(row["examples_per_second"])


def test_a_file_without_an_end_is_unfinished(trial, tmp_path):
    path = write(trial, tmp_path, READY, LAP, LOOK)
    assert store.load(tmp_path)["status"].tolist() == ["unfinished"]
    assert store.status(path) == "unfinished"
    assert store.status(tmp_path / "none.jsonl") == "absent"


def test_a_newer_schema_and_a_strange_file_are_named_and_left_out(trial, tmp_path):
    path = write(trial, tmp_path, READY, END)
    newer = path.with_name("newer.jsonl")
    newer.write_text(path.read_text().replace('"schema": 1', '"schema": 99', 1))
    (tmp_path / "strange.jsonl").write_text("hello\n")
    frame = store.load(tmp_path)
    assert len(frame) == 1
    warnings = " ".join(frame.attrs["warnings"])
    assert "newer.jsonl: has schema 99, newer than" in warnings
    assert "strange.jsonl: is not a run file" in warnings


@settings(suppress_health_check=list(HealthCheck), max_examples=60, deadline=None)
@given(garbage=st.binary(max_size=200), place=st.integers(0, 5))
def test_garbage_between_the_lines_costs_only_that_line(trial, tmp_path, garbage, place):
    path = write(trial, tmp_path, READY, LAP, LAP, SCORE, END)
    lines = path.read_bytes().splitlines()
    lines.insert(place, garbage)
    path.write_bytes(b"\n".join(lines) + b"\n")
    frame = store.load(tmp_path)
    assert frame["status"].tolist() == ["finished"]
    assert frame["test_error_percent"].tolist() == [7.0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value, at=()):
    """The way to everything within a JSON value."""
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def put(value, at, new):
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = put(value[at[0]], at[1:], new)
    return copy


def check_readable(folder, path):
    """Nothing is raised; what is left out is named, in one line; what is not can be shown."""
    frame = store.load(folder)
    store.curves(folder)
    assert isinstance(store.status(path), str)
    assert len(frame) + len(frame.attrs["warnings"]) >= 1
    assert all(warning.startswith(str(path)) and len(warning.splitlines()) == 1 for warning in frame.attrs["warnings"])
    json.loads(frame.to_json(orient="records"))
    "".join(frame.attrs["warnings"]).encode()
    assert all(isinstance(status, str) for status in frame["status"])


FUZZ = settings(suppress_health_check=list(HealthCheck), max_examples=150, deadline=None)


@FUZZ
@given(data=st.data())
def test_a_run_file_of_any_shape_is_read_or_named(trial, tmp_path, data):
    events = [json.loads(line(event)) for event in (trial.start(), READY, LAP, LOOK, SCORE, END)]
    for _ in range(data.draw(st.integers(1, 3))):
        number = data.draw(st.integers(0, len(events) - 1))
        at = data.draw(st.sampled_from(list(places(events[number]))))
        events[number] = put(events[number], at, data.draw(JSON))
    path = tmp_path / "run.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    check_readable(tmp_path, path)


@FUZZ
@given(content=st.lists(st.binary(max_size=60) | JSON.map(json.dumps).map(str.encode), max_size=6).map(b"\n".join))
def test_any_bytes_are_read_or_named(tmp_path, content):
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    check_readable(tmp_path, path)


@FUZZ
@given(cut=st.integers(0, 5000))
def test_a_file_cut_short_anywhere_is_unfinished_or_named(trial, tmp_path, cut):
    whole = "".join(map(line, (trial.start(), READY, LAP, SCORE, END))).encode()
    path = tmp_path / "run.jsonl"
    path.write_bytes(whole[:cut])
    check_readable(tmp_path, path)
    assert store.status(path) == ("finished" if cut >= len(whole) - 1 else "unfinished")


def test_an_empty_folder_has_no_rows_and_a_missing_one_is_named(tmp_path):
    assert store.load(tmp_path).empty
    with pytest.raises(InputError, match="no such results folder"):
        store.load(tmp_path / "none")


def unsound(start):
    """Files that are no whole runs, and a word of the warning that says so."""
    score, end = (json.loads(line(event)) for event in (SCORE, END))
    return [
        ([{"event": "start", "schema": 1}], "(line 1: start: 'recipe': Field required)"),
        ([start | {"recipe": "lenet"}], "start: 'recipe': Input should be"),
        ([start | {"schema": 0}], "schema 0, not one"),
        ([start | {"schema": "1"}], "schema '1', not one"),
        (
            [start, {key: score[key] for key in score if key != "metrics"}, end],
            "(line 2: score: 'metrics': Field required)",
        ),
        ([start, score, end | {"training_seconds": "long"}], "(line 3: end: 'training_seconds': Input should be"),
        ([start | {"versions": {}}, score, end], "KeyError: 'torch'"),
    ]


@pytest.mark.parametrize("case", range(7))
def test_a_file_that_is_not_whole_is_one_warning_and_left_out(trial, tmp_path, case):
    path = write(trial, tmp_path, READY, LAP, SCORE, END)
    start = json.loads(path.read_text().splitlines()[0])
    events, words = unsound(start)[case]
    bad = path.with_name("bad.jsonl")
    bad.write_text("".join(json.dumps(event) + "\n" for event in events))
    frame = store.load(tmp_path)
    assert list(frame["path"]) == [str(path)]
    (warning,) = frame.attrs["warnings"]
    assert warning.startswith(f"{bad}: ")
    assert words in warning
    assert "newer" not in warning
    assert set(store.curves(tmp_path)["path"]) <= {str(path), str(bad)}


def test_a_folder_with_the_name_of_a_file_is_a_warning(trial, tmp_path):
    write(trial, tmp_path, READY, END)
    (tmp_path / "x.jsonl").mkdir()
    frame = store.load(tmp_path)
    assert len(frame) == 1
    assert f"{tmp_path / 'x.jsonl'}: cannot be read" in frame.attrs["warnings"][0]
    assert store.curves(tmp_path).empty


def test_a_newer_schema_has_no_curve_either(trial, tmp_path):
    path = write(trial, tmp_path, LOOK)
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 99', 1))
    assert store.curves(tmp_path).empty


def test_what_is_under_time_is_no_run(trial, tmp_path):
    write(trial, tmp_path, READY, END)
    write(trial, tmp_path / "time", READY, END)
    write(trial, tmp_path / "laptop" / "time", READY, replace(END, wall_seconds=8.0))
    assert len(store.load(tmp_path)) == 2


def test_an_argument_called_final_is_not_a_look_on_the_way(trial, tmp_path):
    path = write(trial, tmp_path, READY, SCORE, END)
    path.write_text(path.read_text().replace('"data": {', '"data": {"final": false, ', 1))
    assert store.load(tmp_path)["test_error_percent"].tolist() == [7.0]


def test_joules_and_seconds_are_those_of_the_end_unless_seeds_shared_them(trial, tmp_path):
    path = write(trial, tmp_path, READY, SCORE, replace(END, joules=30.5))
    row = store.load(tmp_path).iloc[0]
    assert (row["joules"], row["training_seconds"], row["examples_per_second"]) == (30.5, 2.0, 8.0)
    path.write_text(path.read_text().replace('"together": false', '"together": "model"', 1))
    row = store.load(tmp_path).iloc[0]
    assert row["test_error_percent"] == 7.0
    assert row[["joules", "training_seconds", "examples_per_second"]].isna().all()


def test_a_clock_that_did_not_move_gives_no_speed(trial, tmp_path):
    write(trial, tmp_path, READY, SCORE, replace(END, first_step_seconds=2.0))
    assert store.load(tmp_path)["examples_per_second"].isna().all()


def test_every_column_is_a_name_that_no_metric_may_have(trial, tmp_path):
    write(trial, tmp_path, READY, LAP, LOOK, SCORE, END)
    columns = {*store.load(tmp_path).columns, *store.curves(tmp_path).columns, *measurements.load(tmp_path).columns}
    assert columns - store.NAMES == {"test_error_percent"}


def test_run_files_are_strict_json_and_older_ones_with_nan_stay_readable(trial, tmp_path):
    metrics = {"a": math.nan, "b": math.inf, "c": -math.inf}
    path = write(trial, tmp_path, READY, replace(LAP, loss=math.nan), replace(SCORE, metrics=metrics), END)
    for old in (False, True):
        if old:
            path.write_text("".join(json.dumps(json.loads(line)) + "\n" for line in path.read_text().splitlines()))
            path.write_text(path.read_text().replace('"NaN"', "NaN").replace('nfinity"', "nfinity").replace('"I', "I"))
            path.write_text(path.read_text().replace('"-I', "-I"))
        assert ('"NaN"' in path.read_text(), ": -Infinity" in path.read_text()) == (not old, old)
        row = store.load(tmp_path).iloc[0]
        assert math.isnan(row["a"])
        assert (row["b"], row["c"]) == (math.inf, -math.inf)


def test_a_copy_of_a_run_file_counts_once_wherever_it_lies(trial, tmp_path):
    path = write(trial, tmp_path, READY, LAP, LOOK, SCORE, END)
    copy = tmp_path / "backup" / trial.recipe.name / "renamed.jsonl"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(path.read_bytes())
    (copy.parent / "cut.jsonl").write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    frame = store.load(tmp_path)
    assert frame["path"].tolist() == [str(path)]
    (warning,) = frame.attrs["warnings"]
    assert warning.endswith("a copy of another run file, which counts once; so are 1 more")


def test_a_run_tells_its_code_or_that_it_does_not_know_it(trial, tmp_path):
    path = write(trial, tmp_path, READY, SCORE, END)
    first, *rest = path.read_text().splitlines()
    for number, code in enumerate(({"digest": "1a2b3c4d", "files": {"nets.py": "00"}}, None)):
        start = json.loads(first) | {"seed": number, "code": code}
        (path.parent / f"{number}.jsonl").write_text("\n".join([json.dumps(start), *rest]))
    path.unlink()
    frame = store.load(tmp_path).sort_values("seed")
    assert frame[["code", "identity"]].to_numpy().tolist() == [["1a2b3c4d", "0.2"], ["", "0.1"]]


def test_a_run_dated_in_the_future_is_as_old_as_its_file_and_named(trial, tmp_path):
    path = write(trial, tmp_path, READY, SCORE, END)
    late = path.with_name("late.jsonl")
    start = json.loads(path.read_text().splitlines()[0]) | {"started": "2999-01-01T00:00:00+00:00"}
    late.write_text("\n".join([json.dumps(start), *path.read_text().splitlines()[1:]]))
    os.utime(late, (1.7e9, 1.7e9))
    frame = store.load(tmp_path)
    assert frame["path"].tolist() == [str(late), str(path)]
    assert frame["date"].iloc[0].startswith("2023-11-14")
    assert frame["started"].iloc[0].startswith("2999")
    assert [warning.partition(": ")[0] for warning in frame.attrs["warnings"]] == [str(late)]
