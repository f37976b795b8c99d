"""Environments to measure in: a Python interpreter, a virtual environment, or a folder with other code for this one."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Final

from dlbench import exits
from dlbench.errors import InputError
from dlbench.reading import plain
from dlbench.spec import catalog
from dlbench.trials.launchers import local
from dlbench.trials.workers.channel import GRACE_SECONDS

PROBE: Final = """
import json, platform
import dlbench, torch
print(json.dumps({
    "Python": platform.python_version(), "torch": torch.__version__, "dlbench": dlbench.__version__,
    "path": dlbench.__file__,
}))
"""
PROBE_SECONDS: Final = 300  # torch may come from a cold disk


class Failed(Exception):
    """A measurement failed; the message says why in one line."""


@dataclass(frozen=True)
class Environment:
    """Somewhere `dlbench` can be started.

    words: as the user wrote it. python: the interpreter. folder: goes first on its path and is its current folder.
    versions: of Python, torch and dlbench, and the path of the latter, once `check` has asked.
    """

    words: str
    python: str
    folder: Path | None = None
    versions: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        """`../main: Python 3.12.3, torch 2.11.0, dlbench 0.1.0 (/home/me/main/dlbench)`."""
        versions = ", ".join(f"{name} {self.versions[name]}" for name in ("Python", "torch", "dlbench"))
        return f"{self.words}: {versions} ({Path(self.versions['path']).parent})"

    def dlbench(self, words: Sequence[str]) -> None:
        """Run a command of its dlbench, to the end; what it prints is dropped.

        Raises Failed, or InputError where dlbench itself says that the user can mend it.
        """
        with self.talk(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as talk:
            talk.end()

    @contextmanager
    def talk(self, words: Sequence[str], stdin: int = subprocess.PIPE, stdout: int = subprocess.PIPE) -> Iterator[Talk]:
        """Start a command of its dlbench to talk with; whatever happens, none is left running in the end."""
        with tempfile.TemporaryFile() as errors:
            child = subprocess.Popen(
                [self.python, "-m", "dlbench", *words], cwd=self.folder, env=self._variables, stdin=stdin,
                stdout=stdout, stderr=errors, encoding="utf-8", start_new_session=True,
            )  # fmt: skip
            try:
                yield Talk(self.words, child, errors)
            finally:
                _stop(child)
                for pipe in filter(None, (child.stdin, child.stdout)):
                    with suppress(OSError):
                        pipe.close()

    @cached_property
    def takes_turns(self) -> bool:
        """Whether its `dlbench time` knows the option; an older one does not. InputError where none can run."""
        help_of = [self.python, "-m", "dlbench", "time", "--help"]
        done = subprocess.run(
            help_of, cwd=self.folder, env=self._variables, stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        if done.returncode != exits.FINE:
            said = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
            raise InputError(f"{self.words}: `dlbench time --help` fails there ({plain(said)})")
        return b"--turns" in done.stdout

    def recipe_path(self, name: str) -> Path | None:
        """Where a recipe given as a relative path lies in the folder; None if it does not, or is something else."""
        if self.folder is None or not _is_path(name) or Path(name).is_absolute():
            return None
        file, variant = catalog.split(name)
        if not (self.folder / file).exists():
            return None
        return self.folder / f"{file}:{variant}" if variant else self.folder / file

    @property
    def _variables(self) -> dict[str, str]:
        """The environment's variables; PYTHONSAFEPATH: a folder called dlbench in the current one is not its own."""
        variables = {**os.environ, "PYTHONSAFEPATH": "1"}
        if self.folder is not None:
            package = str(Path(__file__).parents[2])  # for a folder that has modules, but no dlbench
            path = [str(self.folder), package, os.environ.get("PYTHONPATH", "")]
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        return variables


@dataclass(frozen=True)
class Talk:
    """A running command that reads lines and answers with events, one a line. words: of its environment."""

    words: str
    child: subprocess.Popen[str]
    errors: IO[bytes]

    def say(self, line: object) -> None:
        """Send it a line; if it has ended, `hear` and `end` will say so."""
        assert self.child.stdin is not None
        with suppress(BrokenPipeError):
            self.child.stdin.write(f"{line}\n")
            self.child.stdin.flush()

    def hear(self, event: str) -> Mapping[str, Any]:
        """Wait for the next event of this name; raises what `end` does, or Failed, if the command ends before."""
        assert self.child.stdout is not None
        for line in self.child.stdout:
            if (answer := json.loads(line))["event"] == event:
                return dict(answer)
        self.end()
        raise Failed(f"ended without a word ({event} was waited for)")

    def end(self) -> None:
        """Wait for its end; raises Failed, or InputError where dlbench itself says that the user can mend it."""
        code = self.child.wait()
        self.errors.seek(0)
        last_words = _last_line(self.errors.read())
        if code == exits.USAGE:
            raise InputError(f"{self.words}: {last_words.removeprefix('dlbench: ')}")
        if code != exits.FINE:
            how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
            raise Failed(last_words.partition(": failed: ")[2] or ": ".join(filter(None, [how, last_words])))


def find(words: str) -> Environment:
    """The environment that a user names, checked: it starts and imports dlbench and torch; InputError if not."""
    location = Path(words).expanduser()
    if words and location.is_dir():
        inside = [location.absolute() / "bin" / "python", location.absolute() / "Scripts" / "python.exe"]
        python = next((str(path) for path in inside if path.exists()), None)
        if python is None and (location / "pyvenv.cfg").exists():
            raise InputError(f"{words}: a virtual environment without its interpreter; make it anew")
        return check(Environment(words, python) if python else Environment(words, sys.executable, location.resolve()))
    interpreter = shutil.which(location)
    if interpreter is None:
        raise InputError(f"{words}: no Python interpreter, virtual environment or folder with code is there")
    return check(Environment(words, os.path.abspath(interpreter)))  # a link makes an environment: it is not resolved


def check(environment: Environment) -> Environment:
    """The same, knowing its versions; InputError if it does not start, or lacks dlbench or torch."""
    try:
        done = subprocess.run(
            [environment.python, "-c", PROBE], cwd=environment.folder, env=environment._variables,
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_SECONDS, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InputError(f"{environment.words}: has not imported torch after {PROBE_SECONDS} s") from None
    except OSError as error:
        raise InputError(f"{environment.words}: does not start ({error.strerror})") from None
    if done.returncode != 0:
        why = _last_line(done.stderr) or f"exit code {done.returncode}"
        raise InputError(
            f"{environment.words}: no dlbench can run there ({why}); `{environment.python} -m pip install dlbench` "
            "installs what it takes"
        )
    try:
        versions = {str(key): str(value) for key, value in json.loads(_last_line(done.stdout)).items()}
    except (ValueError, AttributeError):
        raise InputError(f"{environment.words}: is no Python interpreter") from None
    return Environment(environment.words, environment.python, environment.folder, versions)


def names(name: str, sides: Sequence[Environment]) -> list[str]:
    """The recipe's name for each environment: a relative path is looked up in its folder, then in ours.

    InputError if only some of the folders have it: the others would be measured with modules that are not their own.
    """
    if not _is_path(name):
        return [name] * len(sides)
    paths = [side.recipe_path(name) for side in sides]
    for side, path in zip(sides, paths, strict=True):
        if side.folder is not None and path is None and any(paths):
            raise InputError(f"{side.words}: has no {name}, as the other environment has")
    return [str(path or Path(name).absolute()) for path in paths]


def _is_path(name: str) -> bool:
    return catalog.split(name)[0].endswith(catalog.ENDINGS) or "/" in name


def _stop(child: subprocess.Popen[str]) -> None:
    """Interrupt a command that still runs, as Ctrl-C would, so that it ends its own workers."""
    if child.poll() is None:
        child.send_signal(signal.SIGINT if exits.HAS_SIGNALS else signal.SIGTERM)
        try:
            child.wait(2 * GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            local.kill(child)
            child.wait()


def _last_line(output: bytes) -> str:
    return next(reversed(output.decode("utf-8", "replace").strip().splitlines()), "").strip()
