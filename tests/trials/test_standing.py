"""Whether a run that is there answers a trial, and what is said if it does not."""

import json
from dataclasses import replace
from pathlib import Path

import own
import pytest

from dlbench.cli import run as running
from dlbench.records import store
from dlbench.records.events import End, Ready, line
from dlbench.spec.execution import Execution
from dlbench.trials import plan, standing

READY = Ready("00", 8, 4, 2, 3, data_files={})
END = End("finished", "")
REPOSITORY = Path(__file__).parents[2]


def keep(trial, out, start=None, ready=READY, end=END):
    """Write a run of the trial, with changes to its first line."""
    path = trial.path(out)
    path.parent.mkdir(parents=True, exist_ok=True)
    start = json.loads(line(trial.start())) | (start or {})
    path.write_text(json.dumps(start) + "\n" + line(ready) + line(end))
    return path


def planned(tmp_path, **options):
    return plan.trials([own.write(tmp_path, "plain")], device="cpu", threads=1, **{"seeds": [0]} | options)


def test_a_run_of_the_same_answers(tmp_path):
    [trial] = planned(tmp_path)
    assert standing.of(trial, tmp_path).status == "absent"
    path = keep(trial, tmp_path)
    assert standing.of(trial, tmp_path) == standing.of_own_file(trial, tmp_path)
    assert standing.of(trial, tmp_path).is_done
    assert standing.of(trial, tmp_path).path == path


def test_a_run_that_failed_answers_nothing(tmp_path):
    [trial] = planned(tmp_path)
    keep(trial, tmp_path, end=replace(END, status="failed"))
    assert not standing.of(trial, tmp_path, standing.KINDS).is_done


def test_a_run_with_another_share_of_the_machine_answers_if_asked_to(tmp_path):
    [alone] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=2)
    [beside] = plan.trials(["lenet-digits"], device="cpu", seeds=[0], threads=1, jobs=2)
    keep(alone, tmp_path)
    assert not standing.of(beside, tmp_path).is_done
    assert standing.of(beside, tmp_path, any_share=True).is_done
    for other in (
        plan.trials(["lenet-digits"], device="cpu", seeds=[0], settings=["training.lr=0.1"]),
        plan.trials(["lenet-digits"], device="cpu", seeds=[1]),
        plan.trials(["lenet-digits"], device="cpu", seeds=[0], precision="bf16"),
    ):
        assert not standing.of(other[0], tmp_path, standing.KINDS, any_share=True).is_done


def test_edited_code_is_named_and_may_be_accepted(tmp_path):
    [before] = planned(tmp_path)
    keep(before, tmp_path)
    [after] = planned(tmp_path, seeds=[0])
    (tmp_path / "nets.py").write_text(own.NETS + "LATER = 1\n")
    [after] = plan.trials([str(tmp_path / "plain.yaml")], device="cpu", threads=1, seeds=[0])
    found = standing.of(after, tmp_path)
    assert (found.is_done, found.changes) == (False, (standing.Change("code", "nets.py changed"),))
    assert after.path(tmp_path) != before.path(tmp_path)
    accepted = standing.of(after, tmp_path, ["code"])
    assert (accepted.is_done, accepted.path) == (True, before.path(tmp_path))


def test_code_loaded_in_a_way_nobody_foresaw_is_checked_by_what_the_run_says(tmp_path):
    [trial] = planned(tmp_path)
    files = trial.code.event()["files"]
    (tmp_path / "hidden.py").write_text("A = 1\n")
    keep(trial, tmp_path, {"code": {"digest": "00", "files": files | {"hidden.py": "00000000"}}})
    assert [change.words for change in standing.of(trial, tmp_path).changes] == ["hidden.py changed"]


def test_a_file_of_dlbench_may_move_but_not_two_files_of_a_user_change_places(tmp_path):
    [trial] = planned(tmp_path)
    files = trial.code.event()["files"]
    moved = {key.replace("dlbench/training/", "dlbench/rules/"): held for key, held in files.items()}
    assert moved != files
    keep(trial, tmp_path, {"code": {"digest": "00", "files": moved}})
    assert standing.of(trial, tmp_path).is_done
    (tmp_path / "nets.py").write_text("import one, two\n" + own.NETS)
    digests = []
    for names in (("one", "two"), ("two", "one")):
        for name, text in zip(names, ("A = 1\n", "A = 2\n"), strict=True):
            (tmp_path / f"{name}.py").write_text(text)
        digests += [found.code.digest for found in plan.trials([str(tmp_path / "plain.yaml")], device="cpu", seeds=[0])]
    assert digests[0] != digests[1]


def test_another_torch_is_named(tmp_path):
    [trial] = planned(tmp_path)
    now = trial.code.versions["torch"]
    keep(trial, tmp_path, {"versions": trial.start().versions | {"torch": "2.0"}})
    found = standing.of(trial, tmp_path)
    assert found.changes == (standing.Change("version", f"torch 2.0 -> {now}"),)
    assert standing.of(trial, tmp_path, ["version"]).is_done


def test_edited_data_are_named(tmp_path):
    [trial] = planned(tmp_path)
    (tmp_path / "points.csv").write_text("1\n")
    keep(trial, tmp_path, ready=replace(READY, data_files={"points.csv": "4355a46b", "gone.csv": "00000000"}))
    found = standing.of(trial, tmp_path)
    assert [change.words for change in found.changes] == ["gone.csv changed"]
    (tmp_path / "points.csv").write_text("2\n")
    assert len(standing.of(trial, tmp_path).changes) == 2
    assert standing.of(trial, tmp_path, ["data"]).is_done


def test_another_curve_is_not_lost(tmp_path):
    keep(planned(tmp_path)[0], tmp_path)
    [trial] = planned(tmp_path, settings=["curve.points=2"])
    found = standing.of(trial, tmp_path, standing.KINDS)
    assert (found.is_done, found.changes) == (False, (standing.Change("holds", "other curve asked for"),))


def test_a_run_of_0_1_counts_if_its_code_is_accepted(tmp_path):
    [trial] = planned(tmp_path)
    path = keep(trial, tmp_path)
    start, *rest = map(json.loads, path.read_text().splitlines())
    del start["code"]
    path.write_text("".join(json.dumps(line) + "\n" for line in (start, *rest)))
    path = path.rename(path.with_name(f"{trial.stem}01234567.jsonl"))
    assert [change.words for change in standing.of(trial, tmp_path).changes] == [standing.OF_0_1]
    assert standing.of(trial, tmp_path, ["code"]).path == path


@pytest.mark.parametrize("name", ["lenet-digits", "wave-cubic-16", "svm-linear"])
def test_committed_runs_are_found_as_runs_of_0_1(name, monkeypatch):
    trials = plan.trials([name], device="cpu", seeds=[0], threads=2)
    results = REPOSITORY / "results"
    committed = [file for file in store.run_files(results, []) if file.name.startswith(f"{name}/{trials[0].stem}")]
    starts = {file.name: store.outline(file).start for file in committed}
    path, start = next(pair for pair in starts.items() if not pair[1].code)
    assert start.recipe_digest == trials[0].recipe.digest
    execution = Execution(**start.execution)
    kept = replace(trials[0], execution=execution, fingerprint=start.machine["fingerprint"], code=None)
    assert str(kept.path(Path())) == path
    assert standing.of(replace(kept, code=trials[0].code), results, standing.KINDS).is_done


@pytest.mark.parametrize(
    "change",
    [
        {"code": 3},
        {"code": {"files": 3}},
        {"versions": []},
        {"execution": {}},
        {"execution": {"new": 1}},
        {"machine": 0},
    ],
)
def test_a_run_file_that_anybody_wrote_answers_nothing_and_breaks_nothing(tmp_path, change):
    [trial] = planned(tmp_path)
    keep(trial, tmp_path, change)
    assert not standing.of(trial, tmp_path, standing.KINDS).is_done


def run(capsys, path, seeds="0", **options):
    code = running.run([path], device="cpu", seeds=seeds, threads=1, **options)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_run_says_what_it_skips_and_what_it_runs_again_and_why(tmp_path, capsys):
    path = own.write(tmp_path, "plain")
    run(capsys, path)
    assert "skipped, finished before: 1 trial of plain\n" in run(capsys, path)[2]
    (tmp_path / "nets.py").write_text(own.NETS.replace("nn.Flatten()", "nn.Flatten(1)"))
    assert "to run again: nets.py changed" in run(capsys, path, dry_run=True)[1]
    _, shown, said = run(capsys, path, accept=["code"])
    assert "skipped, finished before: 1 trial of plain (in spite of --accept code: nets.py changed)" in said
    assert "plain" in shown  # the run that is kept
    code, _, said = run(capsys, path)
    assert code == 0
    assert "run again: 1 trial of plain: nets.py changed; --accept code keeps what is there" in said
    assert len(list(Path("results/plain").iterdir())) == 2


DATA = """
from pathlib import Path
import torch
from dlbench.data.dataset import Dataset, Examples

def table(folder: Path, *, file: str = "hidden.txt") -> Dataset:
    x = torch.full((8, 1), float((Path(__file__).parent / file).read_text()))
    return Dataset(Examples(x, x[:, 0]), None, (), torch.zeros(()), torch.ones(()))

def score(model, data, examples):
    return {"data": examples.inputs.mean().item()}
"""


@pytest.mark.parametrize("file", ["", ", file: named.txt"])
def test_one_seed_more_after_the_data_were_edited_runs_all_on_the_new_data(tmp_path, capsys, file):
    path = own.write(tmp_path, "plain")
    text = own.RECIPE.replace("digits, size: 8, train_examples: 40, test_examples: 20", "mydata.table" + file)
    text = text.replace("nets.NAME", "constant").replace(
        "{name: sgd, lr: 0.1, batch_size: 10, steps: 8}", "{name: no_learning}"
    )
    Path(path).write_text(text.replace("classification_error", "mydata.score") + "together: worker\n")
    (tmp_path / "mydata.py").write_text(DATA)
    name = "named.txt" if file else "hidden.txt"
    for content, seeds in (("1", "0,1"), ("2", "0-2")):
        (tmp_path / name).write_text(content)
        code, _, said = run(capsys, path, seeds=seeds)
        assert code == 0, said
    assert f"2 trials of plain: {name} changed; --accept data keeps what is there" in said
    trials = plan.trials([path], device="cpu", threads=1, seeds=[0, 1, 2])
    frame = store.load(Path("results"), [trial.path(Path("results")) for trial in trials])
    assert list(frame["train_data"]) == [2.0, 2.0, 2.0]
    assert frame["dataset_digest"].nunique() == 1
    assert "skipped, finished before: 3 trials" in run(capsys, path, seeds="0-2")[2]
