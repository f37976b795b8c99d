"""TensorBoard: `--to tensorboard FOLDER`, then `tensorboard --logdir FOLDER`; a folder a run, below its recipe's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import tensorboard  # type: ignore[import-untyped]  # noqa: F401  # what torch's writer needs

from dlbench.errors import InputError

if TYPE_CHECKING:
    from dlbench.report.trackers import History


def write(histories: Iterable[History], place: str) -> Iterator[History]:
    """Add each run as scalars by step, with the time of their measuring, and settings for the page HParams."""
    for history in histories:
        target = Path(place, history.key)
        if target.exists():
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=target.parent, prefix=".part-") as part:
                _write(history, part)
                Path(part, "run").rename(target)
        except OSError as error:
            raise InputError(f"{place}: cannot be written ({error.strerror})") from None
        yield history


def _write(history: History, folder: str) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(f"{folder}/run") as writer:
        for point in history.points:
            for name, value in point.values.items():
                writer.add_scalar(name, value, point.step, history.began + point.seconds)
        final = {f"final/{name}": value for name, value in history.final.items()}
        settings = {"group": history.group, **history.settings}
        writer.add_hparams(settings, final, run_name=".", global_step=history.steps)
