"""The process in which runs are repeated, one after the other: each trial as it was, with laps that end where they did.

Told on standard input which trials, which steps their laps end with and how many events are wanted, it tells the
events on standard output, each with the index of its trial; then `done`, `refused` with what the user can mend, or
`failed`. It writes no file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from dlbench.errors import InputError
from dlbench.trials import plan, setup, trial
from dlbench.trials.workers import endings, process

Event = dict[str, Any]
NOT_RECORDED = ("estimate", "pictures")


def main() -> None:
    """Repeat the trials described on standard input."""
    job, tell = process.job()
    for index, wanted in enumerate(job["runs"]):
        for event in _outcome(wanted):
            tell(event | {"index": index})


def _outcome(wanted: Mapping[str, Any]) -> Iterator[Event]:
    """The events wanted, and how it ended."""
    try:
        yield from islice(_events(wanted), wanted["count"])
        yield {"event": "done"}
    except InputError as error:
        yield {"event": "refused", "message": str(error)}
    except Exception as error:
        yield endings.of_error(error) | {"event": "failed"}


def _events(wanted: Mapping[str, Any]) -> Iterator[Event]:
    built = setup.build([plan.from_dict(wanted["trial"])])
    for _, event in trial.run(built, lap_ends=frozenset(wanted["lap_ends"])):
        if event["event"] not in NOT_RECORDED:
            yield event


if __name__ == "__main__":
    main()
