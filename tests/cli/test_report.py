"""The verb `report` on run files as they lie in a folder: what is one run, one row, and what recipes say by now."""

import json
import os
import shutil
from pathlib import Path

import own
import pytest

import dlbench
from dlbench.cli import claims, report
from dlbench.errors import InputError
from dlbench.records import store
from dlbench.report import formats
from dlbench.trials import plan, runner

QUOTED = "published: {test_error_percent: 99.5}\nsource: a misprint\n"
STUDY = """
title: Mine
recipes: [plain]
claims:
  - {says: it errs, metric: test_error_percent, of: plain, relation: greater, than: 0}
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """A recipe of one's own with two runs, which quoted a misprint."""
    folder = tmp_path_factory.mktemp("measured")
    recipe = own.write(folder, "plain", QUOTED)
    runner.run(plan.trials([recipe], device="cpu", seeds=[0, 1], threads=1), folder / "results")
    return folder


@pytest.fixture
def folder(measured, tmp_path, monkeypatch):
    """The same for a test to change."""
    shutil.copytree(measured, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(*names, folder="results"):
    found = report.tables(names, report.read(Path(folder), names))
    return json.loads(formats.text("tables", found, "json"))[0]["rows"]


def edited(path, target, code=None, **changes):
    """A copy of a run file whose start says otherwise."""
    first, rest = path.read_text().split("\n", 1)
    start = json.loads(first) | changes | ({"code": {"digest": code, "files": {}}} if code is not None else {})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(start) + "\n" + rest)


def test_a_figure_that_was_mended_in_the_recipe_is_shown_with_its_source(folder):
    recipe = own.write(folder, "plain", QUOTED)
    assert rows(recipe)[0]["published_test_error_percent"] == {"value": 99.5, "source": "a misprint"}
    own.write(folder, "plain", QUOTED.replace("99.5", "1.5").replace("a misprint", "the errata"))
    mended = {"value": 1.5, "source": "the errata"}
    assert rows(recipe)[0]["published_test_error_percent"] == mended
    (folder / "mine.yaml").write_text(STUDY)
    assert rows(str(folder / "mine.yaml"))[0]["published_test_error_percent"] == mended
    own.write(folder, "plain")
    assert "published_test_error_percent" not in rows(recipe)[0]


def test_runs_of_a_recipe_that_cannot_be_read_keep_what_they_came_with(folder):
    (folder / "plain.yaml").write_text("title: no recipe\n")
    assert rows("./plain.yaml")[0]["published_test_error_percent"]["value"] == 99.5


def test_a_copied_folder_changes_no_table_verdict_or_frame(folder, capsys):
    (folder / "mine.yaml").write_text(STUDY)
    study = str(folder / "mine.yaml")
    tables, verdicts = rows("./plain.yaml"), claims.verdicts([study], Path("results"))
    shutil.copytree("results/plain", "results/backup/plain")
    assert rows("./plain.yaml") == tables
    assert claims.verdicts([study], Path("results")) == verdicts
    assert len(dlbench.load("results")) == 2
    assert len(report.read(Path("results")).curves) == len(store.curves(Path("results/plain")))
    assert "a copy of another run file" in capsys.readouterr().err


def test_an_edited_model_has_a_row_of_its_own(folder):
    for number, path in enumerate(sorted(Path("results").rglob("*.jsonl"))):
        edited(path, folder / "both" / f"old{number}.jsonl", code="0000000a")
    edited(path, folder / "both" / "new.jsonl", code="0000000b", started="2026-01-01T00:00:00+00:00")
    found = rows("./plain.yaml", folder="both")
    assert [(row["variant"], row["seeds"]) for row in found] == [("code 0000000a", "0-1"), ("code 0000000b", "1")]
    groups = dlbench.groups(dlbench.load("both"))
    assert [(group.variant, len(group.runs)) for group in groups] == [("code 0000000a", 2), ("code 0000000b", 1)]
    assert groups[0].measure("test_error_percent").n == 2


def test_runs_of_recipes_of_one_name_are_rows_of_their_own(folder):
    (path, _) = sorted(Path("results").rglob("*.jsonl"))
    for name, code in (("a", "0000000a"), ("b", "0000000b")):
        edited(path, folder / "both" / name / "plain" / "0.jsonl", code=code)
    assert [row["variant"] for row in rows("./plain.yaml", folder="both")] == ["code 0000000a", "code 0000000b"]


def test_a_run_with_a_wrong_clock_outranks_nothing_and_is_named(folder, capsys):
    (path, _) = sorted(Path("results").rglob("*.jsonl"))
    late = folder / "results" / "plain" / "late.jsonl"
    edited(path, late, started="2999-01-01T00:00:00+00:00")
    late.write_text(late.read_text().replace('"test_error_percent": ', '"test_error_percent": 1000'))
    os.utime(late, (1.7e9, 1.7e9))
    before = rows("./plain.yaml")[0]["test_error_percent"]
    assert before["n"] == 2
    assert before["mean"] <= 100
    assert "late.jsonl: dated '2999-01-01T00:00:00+00:00', in the future" in capsys.readouterr().err


def test_any_recipes_are_drawn_in_one_figure_by_what_is_asked_for(folder, tmp_path):
    for by in (None, "examples", "seconds", "training_seconds", "parameters"):
        report.report(["./plain.yaml"], figure=tmp_path / "x.svg", metric="test_loss", by=by, output=tmp_path / "x.md")
        assert (tmp_path / "x.svg").read_text().lstrip().startswith("<?xml")
    with pytest.raises(InputError, match=r"--metric tets_loss: no such metric of ./plain.yaml .*'test_loss'"):
        report.report(["./plain.yaml"], figure=tmp_path / "x.svg", metric="tets_loss")
    with pytest.raises(InputError, match="name a file for it as well"):
        report.report(["./plain.yaml"], by="seconds")


def test_the_clock_of_a_run_ends_where_the_run_does(folder):
    frame = store.load(Path("results"))
    clock = store.clock(map(Path, frame["path"]))
    last = clock.groupby("path").last().loc[frame["path"]]
    assert list(last["step"]) == list(frame["steps"])
    assert last["seconds"].tolist() == pytest.approx(frame["training_seconds"].tolist())
    assert set(last["examples"]) == {80}
