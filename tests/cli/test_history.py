"""The verb `history`, in a real repository of git; and `compare --history`."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import measured
import numpy as np
import pandas as pd
import pytest
import yaml
from typer.testing import CliRunner

from dlbench import exits
from dlbench.cli import app, compare
from dlbench.errors import InputError
from dlbench.judge import history, measurements
from dlbench.records import commits
from dlbench.records.commits import Commit

RATE, ERROR = "examples_per_second", "test_error_percent"
MACHINE = "1a2b3c4d"
LATER = {"started": "2026-02-01T00:00:00Z"}


def git(*words: str) -> str:
    settings = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *settings, *words], check=True, capture_output=True, text=True).stdout.strip()


def call(*words: str) -> Any:
    return CliRunner().invoke(app, words, catch_exceptions=False)


def write(name: str, values: dict[str, list[float]], **changes: Any) -> str:
    Path(name).write_text(measurements.to_json(measured.side(values, **changes)))
    return name


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, as the current folder."""
    monkeypatch.chdir(tmp_path)
    git("init", "-q")
    Path("model.py").write_text("width = 1\n")
    git("add", "model.py")
    git("commit", "-q", "-m", "A first <model>")
    return tmp_path


def past(rates: Any, folder: str = "history", **changes: Any) -> Path:
    """A history of commits with these speeds, three processes each that scatter by a thousandth."""
    for number, rate in enumerate(rates):
        values = {RATE: [0.999 * rate, rate, 1.001 * rate], ERROR: [8.0, 8.2, 7.9]}
        frame = measured.side(values, started=f"2026-01-{number + 1:02d}T00:00:00Z", **changes)
        commit = Commit(f"{number:040x}", f"2026-01-{number + 1:02d}T00:00:00Z", f"Change {number}")
        assert [count for _, count in history.add(Path(folder), frame, commit)] == [6]
    return Path(folder)


def equal(count: int = 30) -> Any:
    return np.random.default_rng(7).normal(100, 1.5, count)


def slowed() -> Any:
    return equal() * np.where(np.arange(30) < 19, 1, 0.95)


class TestAdd:
    def test_what_git_knows_is_kept_and_adding_twice_adds_nothing(self, repository: Path) -> None:
        side = write("new.json", {RATE: [100.0, 101.0], ERROR: [8.0, 8.1]})
        first, second = call("history", "add", side), call("history", "add", side)
        digest = git("rev-parse", "HEAD")
        path = f"history/{MACHINE}/{digest}.json"
        assert first.stdout == f"{path}: 4 values added\n"
        assert (second.stdout, second.stderr) == (f"{path}: nothing new\n", "")
        [kept] = history.load(Path("history"))
        assert (kept.commit.name, kept.commit.subject, kept.commit.is_dirty) == (digest, "A first <model>", False)
        pd.testing.assert_frame_equal(kept.frame, measurements.load(Path(path)))
        assert sorted(kept.frame["value"]) == [8.0, 8.1, 100.0, 101.0]

    def test_a_value_belongs_to_one_commit_and_a_commit_may_get_more(self, repository: Path) -> None:
        call("history", "add", write("one.json", {RATE: [100.0]}))
        call("history", "add", write("two.json", {ERROR: [8.0]}))
        git("commit", "-q", "--allow-empty", "-m", "Another")
        assert call("history", "add", "one.json").stdout.endswith(": nothing new\n")
        [kept] = history.load(Path("history"))
        assert sorted(kept.frame["metric"]) == [RATE, ERROR]

    def test_files_that_differ_from_the_commit_are_said_and_its_own_are_not(self, repository: Path) -> None:
        call("history", "add", write("one.json", {RATE: [100.0]}))
        git("add", "history")
        git("commit", "-q", "-m", "History")
        call("history", "add", write("two.json", {RATE: [101.0]}))
        git("add", "history")
        assert call("history", "add", write("three.json", {RATE: [102.0]})).stderr == ""
        Path("model.py").write_text("width = 2\n")
        done = call("history", "add", write("four.json", {RATE: [103.0]}))
        short = git("rev-parse", "HEAD")[:8]
        assert (
            done.stderr
            == f"dlbench: files differ from commit {short}: what was measured is kept as {short} + changes\n"
        )
        git("checkout", "-q", "model.py")
        call("history", "add", write("five.json", {RATE: [104.0]}))
        assert sorted(kept.commit.is_dirty for kept in history.load(Path("history"))) == [False, True]

    def test_machines_are_kept_apart(self, repository: Path) -> None:
        call("history", "add", write("one.json", {RATE: [100.0]}))
        call("history", "add", write("two.json", {RATE: [200.0]}, fingerprint="ffff0000"))
        assert sorted(path.parent.name for path in Path("history").rglob("*.json")) == [MACHINE, "ffff0000"]
        tracks = history.tracks(history.load(Path("history")))
        assert [track.values(RATE)[0][1] for track in tracks] == [[100.0], [200.0]]

    def test_another_commit_and_a_name_without_git(self, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        git("commit", "-q", "--allow-empty", "-m", "Another")
        assert (
            git("rev-parse", "HEAD~1")
            in call("history", "add", write("a.json", {RATE: [1.0]}), "--commit", "HEAD~1").stdout
        )
        with pytest.raises(InputError, match="--commit v9: no commit of the git repository here"):
            call("history", "add", "a.json", "--commit", "v9")
        monkeypatch.setenv("GIT_DIR", "nowhere")
        with pytest.raises(InputError, match="no git repository here; --commit NAME says what was measured"):
            call("history", "add", "a.json")
        with pytest.raises(InputError, match="a name has letters"):
            call("history", "add", "a.json", "--commit", "../up")
        assert f"{MACHINE}/v9.json" in call("history", "add", write("b.json", {RATE: [2.0]}), "--commit", "v9").stdout

    def test_a_real_pack(self, repository: Path) -> None:
        pack = Path(__file__).parents[2] / "results" / "gates.jsonl.gz"
        assert "values added" in call("history", "add", str(pack)).stdout
        [kept] = history.load(Path("history"))
        loaded = measurements.load(pack)
        assert len(kept.frame) == loaded["value"].notna().sum()


def test_the_workflow_in_the_manual_keeps_and_shows_each_push(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "continuous-integration.md").read_text()
    [text] = [text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if text.startswith("name: history")]
    job = yaml.safe_load(text)["jobs"]["history"]
    steps = [step["run"] for step in job["steps"] if step.get("name") in ("Fetch the history", "Keep", "Make the page")]
    script = "\n".join(steps).replace("add bench\n", "add bench.json\n")
    (tmp_path / "dlbench").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m dlbench "$@"\n')
    (tmp_path / "dlbench").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for name, value in {**job["env"], "GITHUB_SHA": "abc"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    git("init", "-q", "--bare", "origin")
    for number, push in enumerate(("first", "second"), 1):
        git("clone", "-q", "origin", push)
        monkeypatch.chdir(tmp_path / push)
        git("commit", "-q", "--allow-empty", "-m", push)
        git("push", "-q", "origin", "HEAD")
        write("bench.json", {RATE: [100.0]}, started=f"2026-01-0{number}T00:00:00Z")
        subprocess.run(["bash", "-e", "-c", script], check=True, capture_output=True)
        monkeypatch.chdir(tmp_path)
    assert [kept.commit.subject for kept in history.load(Path("second/history"))] == ["first", "second"]
    assert "second" in Path("second/site/index.html").read_text()


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://user:secret@github.com/me/it.git", "https://github.com/me/it/commit/{commit}"),
        ("git@gitlab.com:group/sub/it.git", "https://gitlab.com/group/sub/it/commit/{commit}"),
        ("ssh://git@host.org:22/me/it", "https://host.org/me/it/commit/{commit}"),
        ("/srv/it.git", ""),
    ],
)
def test_commits_are_where_the_remote_is(repository: Path, remote: str, address: str) -> None:
    git("remote", "add", "origin", remote)
    assert commits.address() == address


class TestShow:
    def test_the_twentieth_of_thirty_is_marked_and_of_thirty_equal_ones_none(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        past(slowed(), "slowed")
        past(equal(), "equal")
        name = Commit(f"{19:040x}", "").short
        marked = call("history", "show", "--history", "slowed", "--metric", RATE).stdout
        assert f"worse at {name}" in marked
        assert marked.count(" at 0") == 1
        assert "worse at" not in call("history", "show", "--history", "equal", "--metric", RATE).stdout

    def test_what_a_user_can_mend_is_one_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match="history: no history; `dlbench history add` begins one"):
            call("history", "show")
        folder = past(equal(3))
        with pytest.raises(InputError, match="--metric: no metric 'exampels_per_second' here"):
            call("history", "show", "--metric", "exampels_per_second")
        with pytest.raises(InputError, match=r"write an address with \{commit\} in it"):
            call("history", "page", "--link", "javascript:{commit}")
        file = next(folder.rglob("*.json"))
        whole = json.loads(file.read_text())
        for damage, words in (
            ({"commit": None}, "does not say which commit"),
            ({"commit": {"name": 1, "date": "", "subject": ""}}, "not a name"),
        ):
            file.write_text(json.dumps(whole | damage))
            with pytest.raises(InputError, match=words):
                call("history", "show")
        file.write_text("{")
        with pytest.raises(InputError, match="not readable as JSON"):
            call("history", "show")


class TestCompare:
    @pytest.fixture(autouse=True)
    def _here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    def newest(self, rates: Any, **options: Any) -> int:
        return compare.compare(str(past(rates)), history=10, fail=[f"{RATE}:5%"], metric=[RATE], **options)

    def test_the_newest_is_judged_by_how_the_ones_before_scatter(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.newest([*equal(10), 100.0], strict=True) == exits.FINE
        assert "same" in capsys.readouterr().out

    def test_a_breach(self) -> None:
        assert self.newest([*equal(10), 90.0]) == exits.REGRESSION

    def test_one_day_among_days_that_scatter_more_is_undecided(self) -> None:
        rates = np.random.default_rng(1).normal(100, 15, 10)
        assert self.newest([*rates, 90.0]) == exits.FINE
        assert compare.compare("history", history=10, fail=[f"{RATE}:5%"], strict=True) == exits.INCONCLUSIVE

    def test_a_side_that_is_not_kept_and_one_of_another_machine(self) -> None:
        folder = str(past(equal(10)))
        slow = {RATE: [90.0, 90.1, 89.9], ERROR: [8.0, 8.2, 7.9]}
        fail = [f"{RATE}:5%", f"{ERROR}:0.5"]
        assert compare.compare(folder, [write("new.json", slow, **LATER)], history=10, fail=fail) == exits.REGRESSION
        other = write("other.json", slow, fingerprint="ffff0000", **LATER)
        assert compare.compare(folder, [other], history=10, fail=fail) == exits.NOTHING_COMPARABLE
        died = write("died.json", {"": [float("nan")]}, status="killed", message="by signal 9")
        assert compare.compare(folder, [died], history=10, fail=fail) == exits.FAILED

    def test_errors_are_paired_by_seed_with_their_mean_over_commits(self) -> None:
        folder = str(past(equal(10)))
        for worse, code in ((0.0, exits.FINE), (1.0, exits.REGRESSION)):
            side = write("new.json", {ERROR: [8.0 + worse, 8.2 + worse + 0.01 * bool(worse), 7.9 + worse]}, **LATER)
            assert compare.compare(folder, [side], history=10, fail=[f"{ERROR}:0.5"], strict=True) == code

    def test_a_kept_side_is_held_against_those_before_it(self) -> None:
        folder = past([*equal(10), 90.0, *equal(10)])
        side = str(folder / MACHINE / f"{10:040x}.json")
        assert compare.compare(str(folder), [side], history=20, fail=[f"{RATE}:5%"]) == exits.REGRESSION

    def test_code_may_change_from_commit_to_commit(self) -> None:
        for number, rate in enumerate([*equal(10), 90.0]):
            frame = measured.side({RATE: [rate]}, started=f"2026-01-{number + 1:02d}T00:00:00Z", code=f"code{number}")
            list(history.add(Path("history"), frame, Commit(f"c{number}", f"2026-01-{number + 1:02d}T00:00:00Z")))
        assert compare.compare("history", history=10, fail=[f"{RATE}:5%"]) == exits.REGRESSION

    def test_the_first_commit_has_nothing_to_be_compared_with(self) -> None:
        assert self.newest([100.0]) == exits.NOTHING_COMPARABLE
        with pytest.raises(InputError, match="NEW: what is to be compared with BASE"):
            compare.compare("history")
