"""Whatever is edited, and whenever: no result is filed under an identity it does not have."""

import json
import sys
from types import ModuleType

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dlbench.parts import identity, modules
from dlbench.records import store
from dlbench.trials import plan, standing
from dlbench.trials.workers import trials as worker

RECIPE = """
title: whose files change
data: {name: filed_data.table, file: filed_named.txt}
model: {name: filed_nets.net}
training: {name: filed_rule.rule}
score: {name: filed_rule.score}
curve: {points: 0}
"""
CODE = {
    "filed_nets.py": """
import moments
VERSION = NUMBER
moments.pass_by()
from torch import nn
import filed_blocks

def net() -> nn.Module:
    moments.pass_by()
    made = nn.Linear(3, 1)
    made.versions = {"filed_nets.py": VERSION, "filed_blocks.py": filed_blocks.VERSION}
    return made
""",
    "filed_blocks.py": "import moments\nVERSION = NUMBER\nmoments.pass_by()\n",
    "filed_late.py": "VERSION = NUMBER\n",
    "filed_data.py": """
from pathlib import Path
import moments, torch
from dlbench.data.dataset import Dataset, Examples
VERSION = NUMBER

def read(name):
    moments.pass_by()
    text = (Path(__file__).parent / name).read_text()
    moments.pass_by()
    return float(text)

def table(folder: Path, *, file: str) -> Dataset:
    inputs = torch.tensor([[VERSION, read(file), read("filed_hidden.txt")]], dtype=torch.float32)
    return Dataset(Examples(inputs, torch.zeros(1)), None, (), torch.zeros(()), torch.ones(()))
""",
    "filed_rule.py": """
import moments, torch
from dlbench.training.step import Step
VERSION = NUMBER

def rule(model, data, generator):
    moments.pass_by()
    import filed_late
    model.versions |= {"filed_late.py": filed_late.VERSION, "filed_rule.py": VERSION}
    yield Step(number=1, of=1, loss=torch.zeros(()), examples=1)

def score(model, data, examples):
    moments.pass_by()
    names = ("filed_data.py", "filed_named.txt", "filed_hidden.txt")
    return model.versions | dict(zip(names, examples.inputs[0].tolist()))
""",
}
DATA = {"filed_named.txt": "NUMBER", "filed_hidden.txt": "NUMBER"}
FILES = {**CODE, **DATA}
MOMENTS = 40
EDITS = st.lists(st.tuples(st.integers(0, MOMENTS), st.sampled_from(sorted(FILES)), st.integers(0, 3)), max_size=4)


class Moments(ModuleType):
    """Counts the moments at which a file may change, and changes it."""

    def __init__(self, folder, edits):
        super().__init__("moments")
        self._folder, self._edits, self._passed = folder, edits, 0

    def pass_by(self):
        for moment, name, version in self._edits:
            if moment == self._passed:
                write(self._folder, name, version)
        self._passed += 1


def write(folder, name, version):
    (folder / name).write_text(FILES[name].replace("NUMBER", str(version)))


def as_a_new_process():
    modules._set_aside()
    for kept in (modules._sources, modules._elsewhere, modules._folders):
        kept.clear()


def call(folder, seeds, in_one_process, moments):
    """What `dlbench run` does, but for its processes; returns what was planned."""
    as_a_new_process()
    moments.pass_by()
    chosen = plan.trials([str(folder / "filed.yaml")], device="cpu", seeds=seeds, threads=1)
    left = [trial for trial in chosen if not standing.of(trial, folder / "out").is_done]
    for batch in [left] if in_one_process else [[trial] for trial in left]:
        moments.pass_by()
        as_a_new_process()
        if batch:
            worker.work(
                [plan.from_dict(json.loads(json.dumps(trial.as_dict()))) for trial in batch],
                folder / "out",
                lambda event: None,
            )
    return chosen


def version_of(name, digest):
    """Which version has this digest."""
    texts = [FILES[name].replace("NUMBER", str(version)).encode() for version in range(4)]
    digests = [(identity._parsed(text).digest if name in CODE else identity.digest(text)) for text in texts]
    return digests.index(digest)


def filed(path):
    """The versions that a run says it is of, and those that it was made of."""
    events = [json.loads(line) for line in path.read_text().splitlines()]
    start, ready = events[0], events[1]
    kept = {name: held for name, held in start["code"]["files"].items() if name in FILES} | ready["data_files"]
    assert start["code"]["digest"] == ready["code"]
    [metrics] = [event["metrics"] for event in events if event["event"] == "score"]
    made_of = {name: metrics[f"train_{name}"] for name in FILES}
    return {name: version_of(name, held) for name, held in kept.items()}, made_of


@pytest.mark.parametrize("draws", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_no_result_is_filed_under_an_identity_it_does_not_have(tmp_path, monkeypatch, draws):
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    seen = {"runs": 0, "changed": 0, "skipped": 0, "again": 0}

    @settings(max_examples=draws, deadline=None, suppress_health_check=list(HealthCheck))
    @given(EDITS, st.booleans())
    @example([(19, "filed_hidden.txt", 1)], True)  # between two calls: the draws may have none that is run again
    def check(edits, in_one_process):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        (folder / "filed.yaml").write_text(RECIPE)
        for name in FILES:
            write(folder, name, 0)
        sys.path[:] = [place for place in sys.path if not place.startswith(str(tmp_path))]
        modules.stay_importable(folder)
        sys.modules["moments"] = moments = Moments(folder, edits)
        for seeds in ([0, 1], [0, 1, 2]):
            before = {path: path.read_bytes() for path in folder.rglob("*.jsonl")}
            chosen = call(folder, seeds, in_one_process, moments)
            after = {trial.path(folder / "out") for trial in chosen}
            seen["skipped"] += sum(path in before and path.read_bytes() == before[path] for path in after)
            seen["changed"] += sum(not path.exists() for path in after)
            seen["again"] += sum(path in before and path.read_bytes() != before[path] for path in after)
            check_runs(folder, chosen)

    def check_runs(folder, chosen):
        for path in folder.rglob("*.jsonl"):
            assert store.status(path) == "finished", path.read_text()
            says, made_of = filed(path)
            assert says == made_of
            seen["runs"] += 1
        for trial in chosen:  # and where it is filed is where it was planned
            path = trial.path(folder / "out")
            if path.exists():
                files = json.loads(path.read_text().splitlines()[0])["code"]["files"]
                assert trial.code.files.items() <= files.items()

    check()
    del sys.modules["moments"]
    as_a_new_process()
    assert seen["runs"] > 2 * draws, seen
    assert seen["changed"], seen
    assert seen["skipped"], seen
    assert seen["again"], seen
