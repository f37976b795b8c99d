"""Verbs that keep run files in other files: `pack` and `unpack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def pack(
    folder: Annotated[Path, typer.Argument(help="Folder of run and timing files.")] = Path("results"),
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="The pack to write; its name ends in .jsonl.gz.")
    ] = None,
    by_study: Annotated[
        bool, typer.Option("--by-study", help="Add what is loose to FOLDER/STUDY.jsonl.gz, a pack a study.")
    ] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Remove what has been packed.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the pack that -o names.")] = False,
) -> None:
    """Write many run files into one compressed file, which every verb reads as it reads a folder.

    The files stay as they are, byte for byte; runs under way or to be continued are not packed. `zcat` shows what is
    inside, `dlbench unpack` gives it back. Packs that lie in a results folder are read with it, and a trial that
    finished in one is not run again.
    """
    from dlbench.verbs import packing

    packing.pack(folder, output, by_study=by_study, force=force, remove=remove)


def unpack(
    pack: Annotated[Path, typer.Argument(metavar="FILE", help="What `dlbench pack` wrote.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The new folder to write to.")],
) -> None:
    """Write the files of a pack into a new folder: the same bytes, paths and times."""
    from dlbench.verbs import packing

    packing.unpack(pack, output)
