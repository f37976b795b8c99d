"""The verb `replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def replay(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN|FOLDER...", help="Run files, folders or packs of them, or names of recipes with runs."
        ),
    ],
    steps: Annotated[int, typer.Option(min=1, help="At least so many steps of each run, to the end of a lap.")] = 50,
    results: Annotated[Path, typer.Option(help="Folder of run files in which a recipe's name is looked for.")] = Path(
        "results"
    ),
    device: Annotated[str | None, typer.Option(help="Replay there; on each run's own device if left out.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads; each run's own number if left out.")] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Fail unless all is the same bit for bit, elsewhere too.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Repeat the first steps of runs as their files describe them, and compare losses, scores and weights.

    Exit codes: 0 all the same, 1 a difference, 2 something to mend in the call, 3 a run failed or cannot be replayed.
    """
    from dlbench.verbs import replaying

    raise typer.Exit(
        replaying.run(names, steps=steps, results=results, device=device, threads=threads, exact=exact, as_json=json)
    )
