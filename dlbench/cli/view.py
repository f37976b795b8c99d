"""The verb `view`: a page that shows the runs of a folder, and those that come while it is open."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from dlbench import exits, streams
from dlbench.records import raw_files, store
from dlbench.records.raw_files import RawFile

MOST: Final = 200  # runs that were there before


def view(
    results: Annotated[Path, typer.Argument(help="Folder of run files, or a pack.")] = Path("results"),
) -> None:
    """Show runs in the browser while they learn, those of other processes too; prints the address of a page.

    Only this machine can open it. Ctrl-C ends it. Exit codes: 2 something to mend in the call, 70 a bug of dlbench,
    130 interrupted.
    """
    from dlbench.live import server
    from dlbench.live.curves import Curves

    exits.interrupt_on_termination()
    warnings: list[str] = []
    there = sorted(store.run_files(results, warnings), key=lambda file: file.written or 0)
    if len(there) > MOST:
        warnings.append(f"{results}: shows the newest {MOST} of {len(there):,} runs, and those to come")
    for line in warnings:
        streams.say(f"dlbench: {line}")
    left_out, packed = {file.path for file in there[:-MOST]}, [file for file in there[-MOST:] if file.held is not None]

    def look() -> Iterator[tuple[RawFile, bool]]:
        loose = raw_files.loose(results) if results.is_dir() else ()
        yield from ((file, file.path in left_out) for file in (*packed, *loose) if not file.is_timing)

    with server.serving(str(results), Curves(look), "view", "dlbench view has ended") as address:
        print(f"watch at {address}  (Ctrl-C ends it)", flush=True)
        while True:
            time.sleep(1)
