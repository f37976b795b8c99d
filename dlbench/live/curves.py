"""What a page is sent of run files: their events, in a list that only grows; a page asks for those it has not got."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from dlbench.errors import InputError
from dlbench.reading import plain
from dlbench.records import events, grouping, groups, store
from dlbench.records.events import End, Event, Pictures, Ready, Start
from dlbench.records.growing import Growing
from dlbench.records.raw_files import RawFile
from dlbench.spec import recipe

Look = Callable[[], Iterable[tuple[RawFile, bool]]]
"""The files there are now, each with whether what is in it is stale: see `Growing`."""
PAUSE_SECONDS: Final = 0.5
SHARE: Final = 100  # a look that took a second is the last for so many: at most 1 % of a core goes into it
MOST_PAUSE_SECONDS: Final = 10.0
STEPS: Final = ("steps", "sweeps", "sequences", "dichotomies")  # what learning rules call the number of their last step
UNSOUND: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class Curves:
    """Events of run files, as lines of JSON; any thread may ask for them, and files are read only when one does."""

    def __init__(self, look: Look, planned: Mapping[str, tuple[str, int]] | None = None) -> None:
        """planned: by the path of its run file, recipe and seed of each trial there will be."""
        self.over = ""  # why nothing more comes, once that is so
        self._look = look
        self._lock = threading.Lock()
        self._files: dict[str, Growing] = {}
        self._numbers: dict[str, int] = {}
        self._starts: dict[str, Start] = {}
        self._settings: dict[str, dict[str, str]] = {}
        self._lines: list[str] = []
        self._due = 0.0
        for path, (name, seed) in (planned or {}).items():
            about = {"run": self._number(path), "event": "planned", "recipe": name, "seed": seed}
            self._lines.append(json.dumps(about))
        for file, is_stale in look():  # now: later, a stale file may be a new one
            self._growing(file, is_stale)

    def since(self, place: int) -> str:
        """The events after so many, as JSON, with how long each run that has not ended has been silent."""
        with self._lock:
            over, now = self.over, time.monotonic()
            if now >= self._due or over:
                self._read()
                took = time.monotonic() - now
                self._due = now + took + min(max(PAUSE_SECONDS, SHARE * took), MOST_PAUSE_SECONDS)
            about = {"after": len(self._lines), "over": over, "silent": self._silent()}
            return f'{{"events": [{",".join(self._lines[place:])}], {json.dumps(about)[1:]}'

    def _read(self) -> None:
        for file, is_stale in self._look():
            try:
                for event in self._growing(file, is_stale).news():
                    self._keep(file.path, event)
            except (InputError, OSError, *UNSOUND) as error:
                self._keep(file.path, End("unreadable", plain(error)))

    def _growing(self, file: RawFile, is_stale: bool) -> Growing:
        if file.path not in self._files:
            self._files[file.path] = Growing(file, stale=is_stale)
        return self._files[file.path]

    def _keep(self, path: str, event: Event) -> None:
        """Add an event to the list, if a page needs it and its run has begun."""
        more: dict[str, Any] = {"run": self._number(path)}
        if isinstance(event, Start) and event.schema == store.SCHEMA:
            more |= {"group": self._group(event), "file": "/".join(Path(path).parts[-2:])}
            self._starts[path] = event
        if path not in self._starts or isinstance(event, Pictures):
            return
        if isinstance(event, Ready):
            more["whole"] = _whole(self._starts[path], event.train_examples)
        self._lines.append(f"{json.dumps(more)[:-1]}, {events.line(event)[1:-1]}")

    def _group(self, start: Start) -> str:
        """What runs that may be averaged are called together: how they differ from the first of that name."""
        row = {"recipe": str(start.recipe["name"]), "budget": start.budget, "recipe_digest": start.recipe_digest}
        row |= {**start.execution, "code": start.code_digest, "torch": start.versions["torch"]}
        identity = grouping.bare(row)
        name = f"{identity.recipe} {identity.budget} {identity.device}"
        words = {key: f"{key}={value}" for key, value in groups.settings(start.recipe).items()} | identity.marks
        first = self._settings.setdefault(name, words)
        return ", ".join([name, *(words.get(key) or f"no {key}" for key in groups.differences(first, words))])

    def _silent(self) -> dict[int, float]:
        now = time.time()
        return {self._number(path): now - (self._files[path].written or 0) for path in self._starts}

    def _number(self, path: str) -> int:
        """What lines call the run in this file."""
        return self._numbers.setdefault(path, len(self._numbers))


def _whole(start: Start, train_examples: int) -> dict[str, int]:
    """How many examples, or else steps, there will be at most, as far as the recipe says."""
    with suppress(*UNSOUND):
        chosen = recipe.from_dict(start.recipe, start.budget, Path())
        if examples := chosen.examples(train_examples):
            return {"examples": examples}
        for name in STEPS:
            if steps := chosen.training.arguments.get(name):
                return {"steps": int(steps)}
    return {}
