"""Run files, timing files and exported JSON -> one frame, and back."""

import json
import math
from pathlib import Path
from typing import Any

import measured
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.judge import measurements

START = {
    "event": "start", "schema": 1, "recipe": measured.RECIPE, "recipe_digest": "d1", "budget": "smoke", "seed": 3,
    "execution": {"device": "cpu", "threads": 2, "channels_last": True, "precision": "fp32", "compile": False},
    "machine": {"name": "AMD EPYC, 2 cores", "fingerprint": "1a2b3c4d"},
    "versions": {"dlbench": "0.1.0", "torch": "2.15.0"}, "started": "2026-01-01T00:00:00+00:00",
}  # fmt: skip
READY = {
    "event": "ready", "dataset_digest": "data1", "train_examples": 15, "test_examples": 8, "parameters": 10,
    "multiply_adds": 9,
}  # fmt: skip
SCORE = {
    "event": "score", "step": 2, "final": True, "examples_per_split": None,
    "metrics": {"test_error_percent": 12.5, "test_loss": 0.5}, "seconds": 0.1,
}  # fmt: skip
END = {
    "event": "end", "status": "finished", "message": "", "steps": 2, "examples": 30, "training_seconds": 3.0,
    "first_step_seconds": 2.0, "wall_seconds": 5.0, "peak_memory_bytes": 1000,
}  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["schema", "measurements", "recipe"]), inner),
    max_leaves=10,
)
READING = {"seconds": 3.0, "other_cores": 0.0, "stolen_cores": 0.0}
SIZE = {"event": "size", "batch_size": 50, "parameters": 10, "process_peak_bytes": 2**30, "device_peak_bytes": None}
LAPS = {
    "event": "timing", "first_step_seconds": 3.0, "steps": 2, "examples": 100, "seconds": [9.0] + [0.5] * 20,
    "ended": "precise", "joules": 50.0, "before": READING, "during": READING, "cores": 2,
}  # fmt: skip


def write(path: Path, *events: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(event) + "\n" for event in events))
    return path


def timing(folder: Path, process: int = 0, **changes: Any) -> Path:
    start = START | {"mode": "train", "process": process, "data": "digits", "budget": "full"}
    return write(folder / f"time/net/train-process{process}.jsonl", start, SIZE, LAPS | changes)


def values(frame: pd.DataFrame) -> dict[str, float]:
    return dict(zip(frame["metric"], frame["value"], strict=True))


class TestRuns:
    def test_a_value_a_row_with_all_that_tells_what_it_is(self, tmp_path: Path) -> None:
        """15 examples in the one second after the first step."""
        frame = measurements.load(write(tmp_path / "net/a.jsonl", START, READY, SCORE, END))
        found = values(frame)
        assert found["test_error_percent"] == 12.5
        assert found["examples_per_second"] == 15
        assert found["peak_memory_bytes"] == 1000
        assert not {"parameters", "steps", "seed", "threads"} & found.keys()
        first = frame.iloc[0]
        assert list(frame) == list(measurements.COLUMNS)
        assert (first["recipe"], first["budget"], first["mode"], first["batch_size"]) == ("net", "smoke", "train", 16)
        assert (first["replicate"], first["dataset_digest"], first["status"]) == (3, "data1", "finished")

    def test_a_run_that_left_no_value_has_a_row_all_the_same(self, tmp_path: Path) -> None:
        end = {"event": "end", "status": "killed", "message": "by signal 9"}
        (row,) = measurements.load(write(tmp_path / "a.jsonl", START, end)).to_dict("records")
        assert (row["status"], row["message"], row["metric"]) == ("killed", "by signal 9", "")
        assert math.isnan(row["value"])

    def test_what_cannot_be_read_costs_itself_only(self, tmp_path: Path) -> None:
        write(tmp_path / "net/a.jsonl", START, READY, SCORE, END)
        (tmp_path / "net/b.jsonl").write_bytes(b"\xff\x00garbage\n")
        write(tmp_path / "net/c.jsonl", START | {"schema": 99}, END)
        timing(tmp_path, seconds="none")
        write(tmp_path / "time/net/new.jsonl", START | {"schema": 99, "process": 0}, SIZE, LAPS)
        frame = measurements.load(tmp_path)
        assert set(frame["path"]) == {str(tmp_path / "net/a.jsonl")}
        told = "\n".join(frame.attrs["warnings"])
        assert all(name in told for name in ("b.jsonl", "c.jsonl", "train-process0.jsonl", "new.jsonl"))


class TestTimings:
    def test_figures_are_those_after_warm_up(self, tmp_path: Path) -> None:
        """100 examples and 2 steps in half a second; all 2,100 examples for 50 joules."""
        found = values(measurements.load(timing(tmp_path)))
        assert found == {
            "examples_per_second": 200, "ms_per_step": 250, "first_step_seconds": 3, "examples_per_joule": 42,
            "process_peak_bytes": 2**30,
        }  # fmt: skip

    def test_latencies_and_memory_by_kind(self, tmp_path: Path) -> None:
        """A hundred batches tell p50 and p90, and no p99; a response at another rate is another quantity."""
        more = {"batch_seconds": [0.001 * number for number in range(101)], "arrivals_per_second": 12.5}
        path = timing(tmp_path, **more, waiting_seconds=[0.01] * 10, service_seconds=[0.02] * 10, late_seconds=0.0)
        start, _, laps = path.read_text().splitlines(keepends=True)
        path.write_text(start + json.dumps(SIZE | {"activation_bytes": 400}) + "\n" + laps)
        found = values(measurements.load(path))
        assert (found["p50_latency_ms"], found["p90_latency_ms"]) == (pytest.approx(50), pytest.approx(90))
        assert found["p50_response_at_12.5_per_second_ms"] == pytest.approx(30)
        assert found["activation_bytes"] == 400
        assert {"p99_latency_ms", "gradient_bytes"}.isdisjoint(found)

    def test_processes_are_replicates_and_the_one_that_sized_counts_once(self, tmp_path: Path) -> None:
        timing(tmp_path, 0)
        timing(tmp_path, 1)
        frame = measurements.load(tmp_path)
        assert set(frame["replicate"]) == {0, 1}
        assert set(frame["budget"]) == {"time"}
        assert (frame["metric"] == "process_peak_bytes").sum() == 1

    def test_laps_that_never_settle_are_marked(self, tmp_path: Path) -> None:
        frame = measurements.load(timing(tmp_path, seconds=[0.3 * 1.05**number for number in range(40)]))
        assert set(frame["status"]) == {"not steady"}


class TestCopies:
    def test_runs_and_timings_count_once(self, tmp_path: Path) -> None:
        originals = [write(tmp_path / "net/a.jsonl", START, READY, SCORE, END), timing(tmp_path)]
        whole = measurements.load(tmp_path)
        for path in originals:
            copy = tmp_path / "backup" / path.relative_to(tmp_path)
            copy.parent.mkdir(parents=True)
            copy.write_bytes(path.read_bytes())
        again = measurements.load(tmp_path)
        pd.testing.assert_frame_equal(whole, again)


class TestExported:
    def test_a_file_of_an_older_dlbench_is_of_identity_0_1_and_as_old_as_it_says(self) -> None:
        (record,) = measured.records({"test_loss": [1.0]})
        older = {key: value for key, value in record.items() if key not in ("code", "identity", "date", "cuda_graphs")}
        for started, date in (("2026-01-01T00:00:00Z", "2026-01-01"), ("2999-01-01T00:00:00Z", "0001-01-01")):
            whole = {"schema": 1, "measurements": [older | {"started": started}]}
            row = measurements.from_json(json.dumps(whole), "x.json").iloc[0]
            assert (row["identity"], row["code"], row["cuda_graphs"]) == ("0.1", "", False)
            assert row["date"].startswith(date)

    @pytest.fixture
    def frame(self, tmp_path: Path) -> pd.DataFrame:
        write(tmp_path / "net/a.jsonl", START, READY, SCORE, END)
        write(tmp_path / "net/b.jsonl", START, {"event": "end", "status": "failed", "message": "ü"})
        timing(tmp_path)
        return measurements.load(tmp_path)

    def test_it_comes_back_as_it_was(self, frame: pd.DataFrame, tmp_path: Path) -> None:
        (tmp_path / "kept.json").write_text(measurements.to_json(frame), encoding="utf-8")
        again = measurements.load(tmp_path / "kept.json")
        pd.testing.assert_frame_equal(frame, again)
        assert json.loads(measurements.to_json(again))["schema"] == 1

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"value": "x"}, "measurement 1: value: 'x' is not what belongs there"),
            ({"replicate": True}, "measurement 1: replicate"),
            ({"recipe": None}, "measurement 1: recipe"),
            ({"threads": 1.5}, "measurement 1: threads"),
        ],
    )
    def test_a_value_of_another_kind_is_named(self, frame: pd.DataFrame, change: dict[str, Any], message: str) -> None:
        whole = json.loads(measurements.to_json(frame))
        whole["measurements"][0] |= change
        with pytest.raises(InputError, match=f"kept.json: {message}"):
            measurements.from_json(json.dumps(whole), "kept.json")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "not readable as JSON"), ("[]", "not measurements"), ('{"measurements": 3}', "not measurements"),
            ('{"measurements": []}', "schema None"), ('{"schema": 2, "measurements": []}', "schema 2, this dlbench"),
            ('{"schema": 1, "measurements": [3]}', "measurement 1 is not a mapping"),
        ],
    )  # fmt: skip
    def test_anything_else_is_one_line(self, text: str, message: str) -> None:
        with pytest.raises(InputError, match=f"kept.json: .*{message}"):
            measurements.from_json(text, "kept.json")

    @given(JSON)
    def test_whatever_json_it_is_there_is_a_frame_or_one_line(self, whole: Any) -> None:
        assert _read(whole) in ("frame", "one line")

    @given(st.dictionaries(st.sampled_from(measurements.COLUMNS), JSON))
    def test_whatever_a_record_holds_too(self, change: dict[str, Any]) -> None:
        record = measured.records({"test_loss": [1.0]})[0] | change
        assert _read({"schema": 1, "measurements": [record]}) in ("frame", "one line")


def _read(whole: Any) -> str:
    try:
        frame = measurements.from_json(json.dumps(whole), "x.json")
    except InputError as error:
        return "one line" if "\n" not in str(error) else str(error)
    return "frame" if list(frame) == list(measurements.COLUMNS) else str(frame)


def test_a_file_that_is_no_measurement_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        measurements.load(tmp_path / "none.jsonl")
    (tmp_path / "a.jsonl").write_text("hello\n")
    with pytest.raises(InputError, match=r"a\.jsonl"):
        measurements.load(tmp_path / "a.jsonl")
