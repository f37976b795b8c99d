"""The workflow of docs/continuous-integration.md does what its page says, played step by step as GitHub would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as xml

import pytest
import readme
import yaml
from benchmarks import gating

from dlbench import exits
from dlbench.cli import compare
from dlbench.judge import limits

REPOSITORY = Path(__file__).parents[1]
DOCS = REPOSITORY / "docs"
TEXT = (DOCS / "continuous-integration.md").read_text()
FILES = readme.listings((DOCS / "recipes.md").read_text())
SHOWN = REPOSITORY / "results" / "gating"
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
ASKS_STATUS = re.compile(r"\b(?:success|failure|cancelled|always)\(\)")  # without one, GitHub asks for success()
SHIMS = {"dlbench": f'exec "{sys.executable}" -m dlbench "$@"', "pip": "exit 0"}


def workflow() -> Any:
    """The one block of YAML in the page that is a workflow of this name."""
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(name: benchmark\n.*?)^```", TEXT, re.M | re.S)]
    assert len(blocks) == 1, "the page has no workflow to paste, or several"
    return blocks[0]


@dataclass
class Played:
    """What became of a job: exit codes and outputs of the steps that ran a script, the summary, what was uploaded."""

    place: Path
    codes: dict[str, int] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    uploaded: set[str] = field(default_factory=set)
    summary: str = ""

    @property
    def is_green(self) -> bool:
        return not any(self.codes.values())


class Server:
    """Plays the jobs of a workflow, each in an empty folder, and keeps its caches as GitHub does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.caches: dict[str, Path] = {}
        (folder / "bin").mkdir()
        for name, line in SHIMS.items():
            (folder / "bin" / name).write_text(f"#!/bin/sh\n{line}\n")
            (folder / "bin" / name).chmod(0o755)

    def play(self, project: Mapping[str, str], number: int, ref: str) -> Played:
        """Run the workflow's only job for a project's files on a ref."""
        played = Played(self.folder / f"run{number}")
        played.place.mkdir()
        github = SimpleNamespace(ref=ref, run_id=number, run_attempt=1)
        outcomes: dict[str, Any] = {}
        (job,) = workflow()["jobs"].values()
        for step in job["steps"]:
            if not evaluated(condition(step), played, github, outcomes):
                continue
            if "uses" in step:
                inputs = {key: filled(value, played, github, outcomes) for key, value in step.get("with", {}).items()}
                getattr(self, re.sub(r"\W", "_", step["uses"].partition("@")[0]))(played, project, inputs)
            else:
                self.script(step, played)
            if "id" in step:
                outcomes[step["id"]] = SimpleNamespace(outcome="failure" if played.codes[step["name"]] else "success")
        return played

    def script(self, step: Mapping[str, Any], played: Played) -> None:
        summary = self.folder / "summary.md"
        summary.write_text("")
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "GITHUB_STEP_SUMMARY": str(summary),
            "PYTHONPATH": str(REPOSITORY), "DLBENCH_DATA": str(self.folder / "no-data"),
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]], cwd=played.place, env=environment, capture_output=True, text=True
        )
        played.codes[step["name"]], played.said[step["name"]] = done.returncode, done.stdout + done.stderr
        played.summary += summary.read_text()

    def actions_checkout(self, played: Played, project: Mapping[str, str], inputs: Mapping[str, str]) -> None:
        for name, text in project.items():
            (played.place / name).write_text(text)

    def actions_setup_python(self, played: Played, project: Mapping[str, str], inputs: Mapping[str, str]) -> None:
        assert inputs["python-version"]

    def actions_cache_restore(self, played: Played, project: Mapping[str, str], inputs: Mapping[str, str]) -> None:
        for wanted in (inputs["key"], *inputs["restore-keys"].split()):
            found = [kept for key, kept in self.caches.items() if key.startswith(wanted)]
            if found:
                shutil.copytree(found[-1], played.place / inputs["path"])  # the newest
                return

    def actions_cache_save(self, played: Played, project: Mapping[str, str], inputs: Mapping[str, str]) -> None:
        assert inputs["key"] not in self.caches, "a cache never changes"
        kept = self.folder / f"cache{len(self.caches)}"
        shutil.copytree(played.place / inputs["path"], kept)
        self.caches[inputs["key"]] = kept

    def actions_upload_artifact(self, played: Played, project: Mapping[str, str], inputs: Mapping[str, str]) -> None:
        played.uploaded |= {path for path in inputs["path"].split() if (played.place / path).exists()}


def condition(step: Mapping[str, Any]) -> str:
    text = str(step.get("if", "success()")).removeprefix("${{").removesuffix("}}").strip()
    return text if ASKS_STATUS.search(text) else f"success() && ({text})"


def evaluated(text: str, played: Played, github: SimpleNamespace, outcomes: Mapping[str, Any]) -> Any:
    """The value of a GitHub expression; of its grammar, what is also Python's after three replacements."""
    python = re.sub(r"!(?!=)", " not ", text.replace("&&", " and ").replace("||", " or "))
    known = {
        "success": lambda: played.is_green, "cancelled": lambda: False, "github": github,
        "hashFiles": lambda path: "some" if (played.place / path).is_file() else "",
        "steps": SimpleNamespace(**outcomes),
    }  # fmt: skip
    return eval(python.strip(), {"__builtins__": {}}, known)


def filled(value: Any, played: Played, github: SimpleNamespace, outcomes: Mapping[str, Any]) -> str:
    return EXPRESSION.sub(lambda match: str(evaluated(match[1], played, github, outcomes)), str(value))


@dataclass(frozen=True)
class History:
    """Four jobs, one after the other, and how many caches there were after each."""

    first: Played
    unchanged: Played
    broken: Played
    worsened: Played
    caches: list[int]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """A push to main, a request that changes nothing, one that breaks the model, and a push that worsens it."""
    server = Server(tmp_path_factory.mktemp("server"))
    caches: list[int] = []
    jobs: list[Played] = []
    recipe = FILES["mine.yaml"].replace("epochs: 20", "epochs: 3")
    recipe += "together: worker\n"  # one start of torch for all seeds, or this takes minutes
    nets = FILES["mynets.py"]
    broken, worsened = nets.replace("Linear(64,", "Linear(63,"), nets.replace("nn.ReLU()", "nn.Dropout(0.9)")
    assert nets not in (broken, worsened)
    changes = ((nets, "heads/main"), (nets, "pull/1/merge"), (broken, "pull/2/merge"), (worsened, "heads/main"))
    for number, (module, ref) in enumerate(changes):
        jobs.append(server.play({"mine.yaml": recipe, "mynets.py": module}, number, f"refs/{ref}"))
        caches.append(len(server.caches))
    first, unchanged, failing, worse = jobs
    return History(first, unchanged, failing, worse, caches)


def test_it_reads_as_a_workflow() -> None:
    found = workflow()
    (job,) = found["jobs"].values()
    assert found[True].keys() == {"pull_request", "push"}  # YAML 1.1 takes the key `on` for a truth value
    assert found["permissions"] == {"contents": "read"}
    assert "secrets." not in TEXT
    assert all(("uses" in step) != ("run" in step) for step in job["steps"])
    assert all("@v" in step["uses"] for step in job["steps"] if "uses" in step)


def test_its_limits_are_limits() -> None:
    found = re.findall(r"--fail (\S+:\S+)", "\n".join(str(step) for step in workflow()["jobs"]["benchmark"]["steps"]))
    assert {limits.parse(text).metric for text in found} == {"examples_per_second", "test_error_percent"}


def test_the_table_of_exit_codes_is_complete() -> None:
    page = (DOCS / "exit-codes.md").read_text()
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert codes == {value for value in vars(exits).values() if isinstance(value, int)}


@pytest.mark.slow
def test_the_first_push_to_main_leaves_the_baseline(history: History) -> None:
    assert history.first.is_green, history.first.said
    assert "Compare" not in history.first.codes
    assert history.first.uploaded == {"measured.json"}
    assert history.caches[0] == 1


@pytest.mark.slow
def test_a_request_that_changes_nothing_passes_and_leaves_no_baseline(history: History) -> None:
    assert history.unchanged.is_green, history.unchanged.said
    assert history.unchanged.codes["Compare"] == exits.FINE
    assert "limits breached: 0" in history.unchanged.said["Compare"]
    assert history.unchanged.uploaded == {"measured.json", "junit.xml"}
    assert re.search(r"\| mine \| test_error_percent \| same \| 1.5: kept", history.unchanged.summary)
    assert history.caches[1] == 1


@pytest.mark.slow
def test_a_model_that_fails_is_named_and_is_no_baseline(history: History) -> None:
    assert history.broken.codes["Measure"] == exits.FAILED
    assert history.broken.codes["Compare"] == exits.FAILED
    assert "::error title=mine%3A failed::" in history.broken.said["Compare"]
    assert "shapes cannot be multiplied" in history.broken.summary
    assert history.caches[2] == 1


@pytest.mark.slow
def test_a_worse_model_is_stopped_with_annotation_summary_and_report(history: History) -> None:
    assert {name: code for name, code in history.worsened.codes.items() if code} == {"Compare": exits.REGRESSION}
    assert "::error title=mine%3A test_error_percent::" in history.worsened.said["Compare"]
    assert re.search(r"\| mine \| test_error_percent \| worse \| 1.5: breached", history.worsened.summary)
    report = xml.parse(history.worsened.place / "junit.xml").getroot()
    assert [case.get("name") for case in report.iter("testcase") if case.find("failure") is not None] == [
        "test_error_percent (short)"
    ]


@pytest.mark.slow
def test_what_was_merged_is_the_next_baseline(history: History) -> None:
    assert history.caches[3] == 2


@pytest.mark.slow
def test_the_same_with_gitlab(history: History) -> None:
    block = re.search(r"^```yaml\n(benchmark:\n.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    assert block, "the page has nothing for GitLab"
    job = yaml.safe_load(block[1])["benchmark"]
    server = Server(history.unchanged.place)
    (history.unchanged.place / job["artifacts"]["reports"]["junit"]).unlink()
    for line in job["script"]:
        server.script({"name": "script", "run": line}, history.unchanged)
        assert history.unchanged.codes["script"] == exits.FINE, history.unchanged.said
    assert xml.parse(history.unchanged.place / job["artifacts"]["reports"]["junit"]).getroot().get("failures") == "0"


@pytest.mark.parametrize("arm", ["rerun", "slowed", "worsened", "broken"])
def test_the_demonstration_in_results_comes_out_the_same(arm: str) -> None:
    text = (SHOWN / "README.md").read_text()
    call = rf"\$ dlbench compare base.json {arm}.json ((?:--fail \S+ ?)+)(--strict)?\n.*?\$ echo \$\?\n(\d+)\n"
    found = re.search(call, text, re.DOTALL)
    assert found, f"{SHOWN / 'README.md'} does not compare {arm}"
    fail = found[1].replace("--fail", "").split()
    code = compare.compare(str(SHOWN / "base.json"), [str(SHOWN / f"{arm}.json")], fail=fail, strict=bool(found[2]))
    wanted = {"rerun": exits.FINE, "broken": exits.FAILED}.get(arm, exits.REGRESSION)
    assert code == int(found[3]) == wanted


@pytest.mark.parametrize("arm", [*gating.ARMS, gating.BROKEN], ids=lambda arm: arm.name)
def test_the_demonstration_shows_the_edit_that_it_made(arm: gating.Arm) -> None:
    assert (arm.text() != gating.BASE.text()) == bool(arm.old)
    assert arm.diff() in (SHOWN / "README.md").read_text()
