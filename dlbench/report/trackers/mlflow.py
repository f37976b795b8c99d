"""MLflow: `--to mlflow URI`, of a server, or `sqlite:///mlflow.db`; an experiment a recipe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # an export tells nobody but the server it names
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # seven tries take minutes to say that nobody is there

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from dlbench.errors import InputError
from dlbench.reading import plain

if TYPE_CHECKING:
    from dlbench.report.trackers import History

KEY: Final = "dlbench.key"
MOST_METRICS, MOST_PARAMS, MOST_TEXT = 1000, 100, 6000  # in a call; letters in a value
WHOLE: Final = "FINISHED"
Item = TypeVar("Item")


def write(histories: Iterable[History], place: str) -> Iterator[History]:
    """Add each run with metrics by step, settings as parameters, and tags of its group and seed."""
    try:
        client = MlflowClient(place)
        for history in histories:
            experiment = _experiment(client, history.recipe)
            if not _has(client, experiment, history.key):
                _write(client, experiment, history)
                yield history
    except MlflowException as error:
        raise InputError(f"{place}: {plain(error.message).partition(chr(10))[0]}") from None


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _has(client: MlflowClient, experiment: str, key: str) -> bool:
    """Whether the run is there, whole; one that was left half-written goes."""
    runs = client.search_runs([experiment], f"tags.`{KEY}` = '{key}'")
    for run in runs:
        if run.info.status != WHOLE:
            client.delete_run(run.info.run_id)
    return any(run.info.status == WHOLE for run in runs)


def _write(client: MlflowClient, experiment: str, history: History) -> None:
    tags = {KEY: history.key, "dlbench.group": history.group, "dlbench.seed": str(history.seed)}
    began, ended = (int(1000 * seconds) for seconds in (history.began, history.ended))
    run = client.create_run(experiment, start_time=began, tags=tags, run_name=history.key.rpartition("/")[2])
    params = [Param(name, str(value)[:MOST_TEXT]) for name, value in history.settings.items()]
    for params_part in _batches(params, MOST_PARAMS):
        client.log_batch(run.info.run_id, params=params_part)
    metrics = [
        Metric(name, value, int(1000 * (history.began + point.seconds)), point.step)
        for point in history.points
        for name, value in point.values.items()
    ]
    metrics += [Metric(f"final.{name}", value, ended, history.steps) for name, value in history.final.items()]
    for metrics_part in _batches(metrics, MOST_METRICS):
        client.log_batch(run.info.run_id, metrics=metrics_part)
    client.set_terminated(run.info.run_id, WHOLE, ended)


def _batches(items: Sequence[Item], most: int) -> Iterator[Sequence[Item]]:
    return (items[first : first + most] for first in range(0, len(items), most))
