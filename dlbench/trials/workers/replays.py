"""The process in which runs are repeated, one after the other, each with laps that end where they did.

Its job lists the trials, the steps that their laps end with, and how many events are wanted. For each trial it sends
the events, then Done, Refused or Failed. It writes no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from dlbench.errors import InputError
from dlbench.records.events import Done, Event, Failed, Pictures, Refused
from dlbench.trials import plan, switches, trial
from dlbench.trials.workers import channel


def main() -> None:
    """Repeat the trials described on standard input."""
    job, tell = channel.job()
    for index, order in enumerate(job["runs"]):
        for event in _outcome(order):
            tell(replace(event, index=index))


def _outcome(order: Mapping[str, Any]) -> Iterator[Event]:
    """The events wanted, and how it ended."""
    try:
        yield from islice(_events(order), order["count"])
        yield Done()
    except InputError as error:
        yield Refused(str(error))
    except Exception as error:
        yield Failed(f"{type(error).__name__}: {error}".partition("\n")[0])


def _events(order: Mapping[str, Any]) -> Iterator[Event]:
    built = switches.build([plan.from_dict(order["trial"])])
    steps = trial.run(built, lap_ends=frozenset(order["lap_ends"]))
    return (event for event in steps if not isinstance(event, Pictures))


if __name__ == "__main__":
    channel.run(main)
