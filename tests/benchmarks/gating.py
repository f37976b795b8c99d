"""The life of a CI job, played with a user's own project: which changes its gate lets pass, and which it stops.

    python tests/benchmarks/gating.py results/gating

The project in `gated/` is measured as it is, once more unchanged, and after three edits of its module: one that makes
every step take longer, one that makes it learn worse, one that breaks it. The arms take their seeds in turns, so that a
drift of the machine hits all of them alike. Everything goes through `python -m dlbench`, as a job would have it. Leaves
the measurements as exported JSON and a README.md with every command, its output and its exit code; exits with 0 if all
ended as they should.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dlbench import exits
from dlbench.judge import measurements

PROJECT = Path(__file__).parent / "gated"
MODULE = "mynets.py"
SEEDS = 8
SLOWER = 1.25  # times as long is what the slowed arm's steps have to take at least, or it shows nothing
LIMITS = "--fail examples_per_second:10% --fail test_error_percent:1.5"
FORWARD = "        scores: Tensor = "


@dataclass(frozen=True)
class Arm:
    """The project after an edit of its module, and what `dlbench compare` has to exit with because of it."""

    name: str
    told: str
    exit_code: int
    old: str = ""
    new: str = ""

    def text(self) -> str:
        """The module after the edit."""
        before = (PROJECT / MODULE).read_text()
        if self.old not in before:
            raise ValueError(f"{MODULE} has no {self.old!r} to edit")
        return before.replace(self.old, self.new) if self.old else before

    def diff(self) -> str:
        """The edit as a patch."""
        pair = ((PROJECT / MODULE).read_text().splitlines(), self.text().splitlines())
        return "\n".join(difflib.unified_diff(*pair, MODULE, MODULE, lineterm="", n=1))


BASE = Arm("base", "what the main branch holds", exits.FINE)
ARMS = (
    Arm("rerun", "nothing changed", exits.FINE),
    Arm(
        "slowed",
        "somebody wants to plot how active the features are, and computes them twice more at every step for it",
        exits.REGRESSION,
        FORWARD,
        f"        self.activity = [self.features(images).mean(), self.features(images).std()]\n{FORWARD}",
    ),
    Arm(
        "worsened",
        "a `detach()` of a debugging session stays in, and the filters no longer learn",
        exits.REGRESSION,
        "self.features(images).flatten",
        "self.features(images).detach().flatten",
    ),
)
BROKEN = Arm(
    "broken", "the linear layer no longer fits", exits.FAILED, "nn.Linear(16 * width", "nn.Linear(8 * width"
)  # fmt: skip


@dataclass
class Job:
    """Runs commands in a folder and keeps what a reader would have seen."""

    folder: Path
    told: list[str] = field(default_factory=list)
    as_expected: bool = True

    def run(self, words: str, within: str = ".") -> tuple[int, str]:
        """Run one `dlbench` command; returns its exit code and what it said."""
        environment = os.environ | {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "150"}
        done = subprocess.run(
            [sys.executable, "-m", "dlbench", *words.split()], cwd=self.folder / within, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", done.stdout).replace(f"{(self.folder / within).resolve()}/", "")
        return done.returncode, "\n".join(line.rstrip() for line in said.splitlines()).strip("\n")

    def show(self, words: str, wanted: int, within: str = ".") -> None:
        """Run one command, keep it for the reader, and see that it ends with the wanted exit code."""
        code, said = self.run(words, within)
        place = f"{within}$ " if within != "." else "$ "
        self.tell(f"```console\n{place}dlbench {words}\n{said}\n{place}echo $?\n{code}\n```")
        self.check(code == wanted, f"`dlbench {words}` should have exited with {wanted}, not {code}")

    def check(self, holds: bool, otherwise: str) -> None:
        """Note what is not as it should be."""
        if not holds:
            self.as_expected = False
            self.tell(f"**Not as expected:** {otherwise}")
            print(otherwise, file=sys.stderr)

    def tell(self, *paragraphs: str) -> None:
        """Add paragraphs to what the reader gets."""
        self.told += paragraphs


def main() -> int:
    """Measure, compare, write; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for README.md and the measurements")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        job = Job(Path(place))
        introduce(job)
        measure(job, asked.seeds)
        judge(job)
        conclude(job)
        keep(job, asked.out)
    return 0 if job.as_expected else 1


def introduce(job: Job) -> None:
    """Write the project and its edited copies, and tell of them."""
    for arm in (BASE, *ARMS, BROKEN):
        (job.folder / arm.name).mkdir()
        shutil.copy(PROJECT / "mine.yaml", job.folder / arm.name)
        (job.folder / arm.name / MODULE).write_text(arm.text())
    job.tell(
        "# What a gate lets pass, and what it stops",
        "Written by `python tests/benchmarks/gating.py results/gating`: every line below was printed by the command "
        "above it. A project of a user's own, a recipe and a module "
        "([`tests/benchmarks/gated/`](../../tests/benchmarks/gated)), lies in one folder for each state of it:",
        "\n".join(f"- `{arm.name}`: {arm.told}" for arm in (BASE, *ARMS, BROKEN)),
        *(f"```diff\n{arm.diff()}\n```" for arm in (*ARMS, BROKEN) if arm.old),
    )


def measure(job: Job, seeds: int) -> None:
    """Every arm takes seed 0, then every arm seed 1, back and forth; then each exports what it has."""
    for seed in range(seeds):
        arms = [BASE, *ARMS]
        for arm in arms[:: -1 if seed % 2 else 1]:
            code, said = job.run(f"run ./mine.yaml --seeds {seed} --threads 1 --out runs", arm.name)
            job.check(code == exits.FINE, f"{arm.name}, seed {seed}: exited with {code}: {said}")
            print(f"{arm.name}, seed {seed}: {code}", file=sys.stderr)
    job.tell(
        "## Measuring",
        "`dlbench run ./mine.yaml --seeds K --threads 1 --out runs` in each of the first four folders for K = 0, then "
        f"for K = 1, and so on to {seeds - 1}, every other time in reverse order: whatever disturbed the machine "
        "disturbed all alike. The command that a job would have typed then finds all trials finished, and exports "
        "them:",
    )
    for arm in (BASE, *ARMS):
        words = f"run ./mine.yaml --seeds 0-{seeds - 1} --threads 1 --out runs --export-json ../{arm.name}.json"
        job.show(words, exits.FINE, arm.name)
    job.tell("The project that is broken says so at once:")
    words = "run ./mine.yaml --seeds 0-1 --threads 1 --timeout 600 --out runs --export-json ../broken.json"
    job.show(words, exits.FAILED, "broken")


def judge(job: Job) -> None:
    """Each arm against the base, with the exit code that a job gets."""
    job.tell(
        "## The gate",
        "Limits: a tenth of the speed, and one and a half points of the test error. They are breached only if they are "
        "exceeded and the difference is real.",
    )
    for arm in ARMS:
        job.tell(f"### {arm.name.capitalize()}: {arm.told}")
        job.show(f"compare base.json {arm.name}.json {LIMITS}", arm.exit_code)
    job.tell("What GitHub makes annotations of:")
    job.show(f"compare base.json worsened.json {LIMITS} --format github", exits.REGRESSION)
    job.tell(f"### Broken: {BROKEN.told}")
    job.show(f"compare base.json broken.json {LIMITS} --strict", BROKEN.exit_code)


def conclude(job: Job) -> None:
    """Whether the arms were what they are said to be, from the values themselves."""
    slowed, same = ratio(job.folder, "slowed"), scored(job.folder, "slowed") == scored(job.folder, "base")
    words = f"a step of the slowed project took {slowed:.2f} times as long (geometric means), not {SLOWER} or more"
    job.check(slowed >= SLOWER, words)
    job.check(same, "the slowed project learnt something else")
    alike = scored(job.folder, "rerun") == scored(job.folder, "base")
    job.check(alike, "the rerun did not learn the same")
    machines = ", ".join(sorted(set(measurements.load(job.folder / "base.json")["machine"])))
    job.tell(
        "## Whether the arms were what they are said to be",
        f"A step of the slowed project took {slowed:.2f} times as long as one of the base (geometric means). It scored "
        f"what the base did, seed by seed: {'yes' if same else 'no'}; so did the rerun: {'yes' if alike else 'no'}. "
        f"Measured on {machines}, one thread, while other work ran on the machine.",
    )


def ratio(folder: Path, name: str) -> float:
    """How many times as long a step of this arm took as one of the base: of the geometric means."""
    base, new = (values(folder, each, "examples_per_second") for each in ("base", name))
    return math.exp(sum(map(math.log, base)) / len(base) - sum(map(math.log, new)) / len(new))


def scored(folder: Path, name: str) -> list[tuple[float, float]]:
    """What each seed of an arm scored, in training and in the test."""
    train, test = (values(folder, name, f"{split}_error_percent") for split in ("train", "test"))
    return list(zip(train, test, strict=True))


def values(folder: Path, name: str, metric: str) -> Sequence[float]:
    """One value a seed, in the order of seeds."""
    frame = measurements.load(folder / f"{name}.json").sort_values("replicate")
    return [float(value) for value in frame["value"][frame["metric"] == metric]]


def keep(job: Job, out: Path) -> None:
    """Write what the reader gets, and the measurements it came from."""
    out.mkdir(parents=True, exist_ok=True)
    for arm in (BASE, *ARMS, BROKEN):
        shutil.copy(job.folder / f"{arm.name}.json", out)
    job.check(not any(str(job.folder) in told for told in job.told), f"{job.folder} stands in what was written")
    text = "\n\n".join(job.told) + "\n"
    (out / "README.md").write_text(text)


if __name__ == "__main__":
    sys.exit(main())
