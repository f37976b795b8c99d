"""Weights & Biases, offline: `--to wandb FOLDER`; `wandb sync` in it sends them on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import wandb

from dlbench.errors import InputError

if TYPE_CHECKING:
    from dlbench.report.trackers import History


def write(histories: Iterable[History], place: str) -> Iterator[History]:
    """Add each run with metrics by step, settings as its configuration, and final scores as its summary."""
    folder = Path(place, "wandb")
    for history in histories:
        name = hashlib.sha256(history.key.encode()).hexdigest()[:16]
        if any(folder.glob(f"offline-run-*-{name}")):
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=folder, prefix=".part-") as part:
                _write(history, name, part)
                (run,) = Path(part, "wandb").glob(f"offline-run-*-{name}")
                run.rename(folder / run.name)
        except OSError as error:
            raise InputError(f"{place}: cannot be written ({error.strerror})") from None
        yield history


def _write(history: History, name: str, folder: str) -> None:
    settings = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True)
    run = wandb.init(
        mode="offline", dir=folder, project="dlbench", id=name, name=history.key, group=history.group,
        job_type=history.recipe, config={"seed": history.seed, **history.settings}, settings=settings,
    )  # fmt: skip
    for point in history.points:
        run.log({"seconds": point.seconds, **point.values}, step=point.step)
    run.summary.update({f"final/{name}": value for name, value in history.final.items()})
    run.finish()
