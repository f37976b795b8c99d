"""The verb `compare`: sides of every kind, exit codes, formats, files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as xml

import measured
import pytest

from dlbench import exits
from dlbench.cli import baseline, compare
from dlbench.errors import InputError
from dlbench.judge import measurements
from dlbench.judge.changes import Row
from dlbench.judge.limits import Limit
from dlbench.judge.metrics import metric
from dlbench.stats.difference import of_speeds

RATE, ERROR = "examples_per_second", "test_error_percent"
SPEEDS, ERRORS = [100.0, 101.0, 99.0, 100.0], [8.0, 8.2, 7.9, 8.1]
Side = Callable[..., str]


@pytest.fixture
def side(tmp_path: Path) -> Side:
    """Write a side as exported JSON; returns its path."""

    def write(name: str, values: dict[str, list[float]] | None = None, **changes: Any) -> str:
        frame = measured.side({RATE: SPEEDS, ERROR: ERRORS} if values is None else values, **changes)
        (tmp_path / f"{name}.json").write_text(measurements.to_json(frame))
        return str(tmp_path / f"{name}.json")

    return write


def slower(side: Side) -> str:
    return side("slower", {RATE: [0.9 * each for each in SPEEDS], ERROR: ERRORS})


def failed(side: Side) -> str:
    return side("failed", {"": [float("nan")]}, status="killed", message="by signal 9")


class TestExitCode:
    def test_an_unchanged_rerun_is_fine(self, side: Side) -> None:
        fail = [f"{RATE}:5%", f"{ERROR}:0.5"]
        assert compare.compare(side("base"), [side("new")], fail=fail, strict=True) == exits.FINE

    def test_a_change_without_a_limit_is_fine(self, side: Side) -> None:
        assert compare.compare(side("base"), [slower(side)]) == exits.FINE

    def test_a_breached_limit(self, side: Side) -> None:
        assert compare.compare(side("base"), [side("new"), slower(side)], fail=[f"{RATE}:5%"]) == exits.REGRESSION

    def test_a_failed_trial(self, side: Side) -> None:
        assert compare.compare(side("base"), [failed(side)], fail=[f"{RATE}:5%"]) == exits.FAILED

    def test_a_breach_was_measured_whatever_failed_beside_it(self, side: Side) -> None:
        assert compare.compare(side("base"), [failed(side), slower(side)], fail=[f"{RATE}:5%"]) == exits.REGRESSION

    def test_nothing_comparable(self, side: Side) -> None:
        new = side("new", lr=0.2)
        assert compare.compare(side("base"), [new], fail=[f"{RATE}:5%"], strict=True) == exits.NOTHING_COMPARABLE
        assert compare.compare(side("base"), [new], across="recipe") == exits.FINE

    def test_undecided_with_strict_only(self, side: Side) -> None:
        new = side("new", {RATE: SPEEDS[:3], ERROR: ERRORS})
        assert compare.compare(side("base"), [new], fail=[f"{RATE}:5%"]) == exits.FINE
        assert compare.compare(side("base"), [new], fail=[f"{RATE}:5%"], strict=True) == exits.INCONCLUSIVE
        assert compare.compare(side("base"), [new], fail=[f"{ERROR}:0.5"], strict=True) == exits.FINE

    def test_a_file_of_limits_may_hold_some_for_recipes_that_other_jobs_measure(
        self, side: Side, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "limits.yaml").write_text(f"other: {{{RATE}: 5%}}")
        assert compare.compare(side("base"), [side("new")], limits_file=tmp_path / "limits.yaml", strict=True) == 0
        assert f"Limit other/{RATE}:5%: nothing here to hold it against." in capsys.readouterr().out

    def test_a_limit_on_a_recipe_that_one_side_did_not_measure_compares_nothing(
        self, side: Side, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        base, head = side("base"), side("head")
        whole = json.loads(Path(base).read_text())
        whole["measurements"] += [record | {"recipe": "b"} for record in whole["measurements"]]
        both = str(tmp_path / "both.json")
        Path(both).write_text(json.dumps(whole))
        fail = [f"b/{ERROR}:0.5"]
        assert compare.compare(both, [both], fail=fail) == exits.FINE
        for one, other, where in ((both, head, head), (head, both, "BASE")):
            assert compare.compare(one, [other], fail=fail) == exits.NOTHING_COMPARABLE
            said = capsys.readouterr().err
            assert said == f"dlbench: --fail b/{ERROR}:0.5: {where} has no {ERROR} of b: nothing to compare\n"
        assert compare.compare(both, [both, head], fail=fail) == exits.NOTHING_COMPARABLE
        assert compare.compare(both, [head], fail=[f"{ERROR}:0.5"]) == exits.FINE
        assert compare.compare(both, [slower(side)], fail=[*fail, f"{RATE}:5%"]) == exits.REGRESSION
        (tmp_path / "limits.yaml").write_text(f"b: {{{ERROR}: 0.5}}")
        assert compare.compare(both, [head], limits_file=tmp_path / "limits.yaml") == exits.FINE

    def test_a_limit_that_nothing_is_held_to_is_undecided(self) -> None:
        row = Row("n", "r", "short", metric(RATE), "same", difference=of_speeds(SPEEDS, SPEEDS))
        held = [Limit(RATE, 5, True), Limit(ERROR, 1, False)]
        unused, notes = compare.unused_limits(held, [row])
        assert (unused, notes) == (held[1:], [f"Limit {ERROR}:1: nothing here to hold it against."])
        assert compare.exit_code([row], unused) == exits.FINE
        assert compare.exit_code([row], unused, strict=True) == exits.INCONCLUSIVE

    def test_a_limit_that_a_later_one_replaces_is_not_idle(self, side: Side) -> None:
        fail = [f"{RATE}:50%", f"{RATE}:40%"]
        assert compare.compare(side("base"), [side("new")], fail=fail, strict=True) == exits.FINE

    def test_precedence(self) -> None:
        found, limit = of_speeds(SPEEDS, SPEEDS), Limit(RATE, 5, True)
        rows = [
            Row("n", "r", "short", metric(RATE), "slower", difference=found, limit=limit, outcome="breached"),
            Row("n", "r", "short", None, "failed"),
            Row("n", "r", "short", metric(RATE), "not comparable", limit=limit, outcome="undecided"),
            Row("n", "r", "short", metric(RATE), "same", difference=found),
        ]
        codes = [compare.exit_code(rows[start:], strict=True) for start in range(4)]
        assert codes == [exits.REGRESSION, exits.FAILED, exits.INCONCLUSIVE, exits.FINE]
        assert compare.exit_code(rows[2:3], strict=True) == exits.NOTHING_COMPARABLE


class TestSides:
    def test_a_baseline_stands_for_its_file(self, side: Side, tmp_path: Path) -> None:
        (tmp_path / "r" / baseline.FOLDER).mkdir(parents=True)
        Path(side("base")).rename(baseline.path("main", tmp_path / "r"))
        assert compare.compare("main", [side("new")], results=tmp_path / "r") == exits.FINE

    def test_an_unknown_side_is_told_with_near_misses(self, side: Side, tmp_path: Path) -> None:
        (tmp_path / "results" / baseline.FOLDER).mkdir(parents=True)
        Path(side("base")).rename(baseline.path("main", tmp_path / "results"))
        with pytest.raises(InputError, match=r"mian: no such file, folder or baseline \(did you mean 'main'\?\)"):
            compare.compare("mian", [side("new")])

    def test_an_empty_results_folder_has_nothing_comparable(self, side: Side, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        assert compare.compare(side("base"), [str(tmp_path / "empty")]) == exits.NOTHING_COMPARABLE


class TestInput:
    def test_near_misses_in_the_user_s_words(self, side: Side) -> None:
        base, new = side("base"), side("new")
        with pytest.raises(InputError, match=r"--across versoin: .*did you mean 'version'"):
            compare.compare(base, [new], across="versoin,machine")
        with pytest.raises(InputError, match=r"--metric: no metric 'test_error' .*did you mean 'test_error_percent'"):
            compare.compare(base, [new], metric=["test_error"])
        with pytest.raises(InputError, match=r"--fail example_per_second:5%: .*did you mean 'examples_per_second'"):
            compare.compare(base, [new], fail=["example_per_second:5%"])


class TestOutput:
    def test_each_format(self, side: Side, capsys: pytest.CaptureFixture[str]) -> None:
        base, new = side("base"), slower(side)
        outputs = {}
        for format in ("terminal", "markdown", "json", "junit", "github"):
            compare.compare(base, [new], fail=[f"{RATE}:5%"], format=format)
            outputs[format] = capsys.readouterr().out
        assert "5%: breached" in outputs["terminal"]
        assert "| slower |" in outputs["markdown"]
        assert json.loads(outputs["json"])[0]["rows"][0]["outcome"] == "breached"
        assert xml.fromstring(outputs["junit"]).get("failures") == "1"
        assert outputs["github"].startswith("::error title=net%3A examples_per_second::")

    def test_to_a_file(self, side: Side, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        compare.compare(side("base"), [side("new")], format="junit", output=tmp_path / "a.xml")
        assert xml.parse(tmp_path / "a.xml").getroot().get("tests") == "2"
        assert capsys.readouterr().out == ""
        with pytest.raises(InputError, match=r"none/a.xml: cannot be written"):
            compare.compare(side("base"), [side("new")], output=tmp_path / "none" / "a.xml")

    def test_the_job_s_summary_gets_the_table_added(
        self, side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
        (tmp_path / "summary.md").write_text("before\n")
        compare.compare(side("base"), [slower(side)], format="github")
        text = (tmp_path / "summary.md").read_text()
        assert text.startswith("before\n### ")
        assert "| net | examples_per_second | slower |" in text

    def test_what_could_not_be_read_is_named(
        self, side: Side, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "r").mkdir()
        (tmp_path / "r" / "a.jsonl").write_text("garbage\n")
        compare.compare(side("base"), [str(tmp_path / "r")])
        assert "a.jsonl" in capsys.readouterr().err
