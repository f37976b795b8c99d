"""The verbs `claims`, `lecture` and a course's `report`, on runs of real perceptrons."""

import json
import shutil
import subprocess
import sys

import pytest

from dlbench import exits
from dlbench.cli import claims, report
from dlbench.errors import InputError
from dlbench.spec import catalog, study
from dlbench.trials import plan, runner

STUDY = """
title: Who learns XOR
source: Minsky & Papert 1969
recipes: [perceptron, perceptron-xor]
seeds: {short: 2}
shows: xor
claims:
  - {says: AND is learnt, source: Rosenblatt 1958, metric: train_error_percent, of: perceptron, relation: within,
     than: 0, by: 0, each: true}
  - {says: XOR is not, metric: train_error_percent, of: perceptron-xor, relation: ratio_at_least, than: 25, each: true,
     published: 3 of 4 at best, source: Minsky & Papert 1969}
"""
REFUTED = """
  - {says: Everything is learnt, source: the press, metric: train_error_percent, of: perceptron-xor, relation: within,
     than: 0, by: 0, each: true, note: as was hoped in 1958}
"""
UNTESTED = "  - {says: OR as well, metric: train_error_percent, of: perceptron-or, relation: less, than: 50}\n"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two seeds of two perceptrons."""
    out = tmp_path_factory.mktemp("claims") / "results"
    runner.run(plan.trials(["perceptron", "perceptron-xor"], device="cpu", seeds=[0, 1]), out)
    return out


def mine(folder, more="", text=STUDY):
    (folder / "mine.yaml").write_text(text + more)
    return str(folder / "mine.yaml")


def test_the_exit_code_is_that_of_the_worst_verdict(tmp_path, results, capsys):
    assert claims.claims([mine(tmp_path)], results=results) == exits.FINE
    assert "Of 2 claims: 2 reproduced." in capsys.readouterr().out
    assert claims.claims([mine(tmp_path, REFUTED)], results=results, notes=True) == exits.REGRESSION
    told = capsys.readouterr().out
    assert "Of 3 claims: 2 reproduced, 1 refuted." in told
    assert "Everything is learnt: as was hoped in 1958" in told
    question = REFUTED.replace("{says", "{whose: ours, says")
    assert claims.claims([mine(tmp_path, question)], results=results) == exits.FINE
    assert "Of 3 claims: 2 reproduced, 1 no." in capsys.readouterr().out
    assert claims.claims([mine(tmp_path, question.replace("whose: ours", "kind: check"))], results=results) == 1
    only = STUDY.partition("claims:")[0].replace("perceptron-xor]", "perceptron-or]") + "claims:\n" + UNTESTED
    assert claims.claims([mine(tmp_path, text=only)], results=results) == exits.NOTHING_COMPARABLE


def test_a_verdict_as_json_has_raw_numbers(tmp_path, results, capsys):
    claims.claims([mine(tmp_path, REFUTED)], results=results, format="json")
    (table,) = json.loads(capsys.readouterr().out)
    rows = table["rows"]
    assert [row["verdict"] for row in rows] == ["reproduced", "reproduced", "refuted"]
    assert rows[1]["published_figure"] == {"value": "3 of 4 at best", "source": "Minsky & Papert 1969"}
    assert rows[1]["measured"]["n"] == 2
    assert rows[1]["measured"]["mean"] >= 25
    assert rows[1]["against"] == 25


def test_what_states_no_claims_is_told(tmp_path, results):
    with pytest.raises(InputError, match="perceptron: a recipe states no claims"):
        claims.claims(["perceptron"], results=results)
    with pytest.raises(InputError, match="states no claims; `dlbench list studies`"):
        claims.claims([mine(tmp_path, text=STUDY.partition("claims:")[0])], results=results)


def test_a_study_s_report_ends_in_its_claims(tmp_path, results, capsys):
    report.report([mine(tmp_path)], format="markdown", results=results)
    told = capsys.readouterr().out
    assert told.index("### One neuron, XOR") < told.index("### Claims and verdicts")


def test_a_course_is_a_document_with_figures(tmp_path, results, monkeypatch):
    folder = tmp_path / "shelf"
    (folder / "studies").mkdir(parents=True)
    shutil.copy(catalog.recipes()["perceptron"], folder)
    (folder / "studies" / "mine.yaml").write_text(STUDY)
    (folder / "studies" / "empty.yaml").write_text("title: of nothing\nrecipes: [perceptron-or]\n")
    (folder / "studies" / "all.yaml").write_text("title: A course\nstudies: [mine, empty]\n")
    monkeypatch.setattr(catalog, "folder", lambda: folder)
    report.report(["all"], results=results, output=tmp_path / "all.md")
    text = (tmp_path / "all.md").read_text()
    assert text.startswith("# A course\n\n### Claims and verdicts")
    assert "## Who learns XOR\n\nMinsky & Papert 1969\n\n![Who learns XOR](all-figures/mine.png)" in text
    assert "of nothing" not in text
    assert (tmp_path / "all-figures" / "mine.png").read_bytes().startswith(b"\x89PNG")
    assert [each.name for each in study.course("all")] == ["mine", "empty"]
    (tmp_path / "none").mkdir()
    with pytest.raises(InputError, match="no runs of it"):
        report.report(["all"], results=tmp_path / "none", output=tmp_path / "none.md")


def test_the_lecture_plans_every_study_in_order():
    planned = subprocess.run(
        [sys.executable, "-m", "dlbench", "lecture", "--budget", "smoke", "--dry-run"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    recipes = {name for each in study.course("lecture") for name, _ in each.wanted("smoke")}
    *trials, total = planned
    assert {line.split()[0] for line in trials} == recipes
    assert all("to run" in line for line in trials)
    assert total.startswith(f"{len(trials)} to run: ")


@pytest.mark.slow
def test_more_machines_are_said_to_take_less_time_and_only_in_a_dry_run(tmp_path):
    command = [sys.executable, "-m", "dlbench"]
    subprocess.run([*command, "run", "gates", "--budget", "smoke", "--device", "cpu"], check=True)
    lines = subprocess.run(
        [*command, "lecture", "--budget", "smoke", "--device", "cpu", "--dry-run", "--workers", "1,64"],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()  # fmt: skip
    assert [line.partition(" such machine")[0] for line in lines[-2:]] == ["on 1", "on 64"]
    wet = subprocess.run([*command, "lecture", "--workers", "8"], capture_output=True, text=True)
    assert (wet.returncode, wet.stderr.count("\n")) == (2, 1)


def test_every_study_of_the_lecture_states_claims():
    assert len(study.course("lecture")) > 1
    for each in study.course("lecture"):
        assert each.claims, each.name
