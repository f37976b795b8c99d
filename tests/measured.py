"""Measurements made up so that the answer is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from dlbench.judge import measurements

RECIPE = {
    "name": "net", "title": "a net", "source": "", "published": {}, "tags": [], "together": False,
    "data": {"name": "digits"}, "model": {"name": "mlp"}, "training": {"name": "sgd", "lr": 0.1, "batch_size": 16},
    "score": {"name": "classification_error"},
}  # fmt: skip


def records(values: Mapping[str, Sequence[float]], recipe: str = "net", **changes: Any) -> list[dict[str, Any]]:
    """A record for each value of each metric, replicates numbered from 0; `lr` changes the recipe and its digest."""
    lr = changes.pop("lr", 0.1)
    shared = {
        "recipe": recipe, "recipe_digest": f"digest{lr}", "budget": "short", "mode": "train", "batch_size": 16,
        "recipe_json": RECIPE | {"training": {"name": "sgd", "lr": lr}, "together": changes.pop("together", False)},
        "device": "cpu", "precision": "fp32", "compile": False, "channels_last": True, "threads": 2, "jobs": 1,
        "torch": "2.15.0",
        "dlbench": "0.1.0", "machine": "AMD EPYC, 2 cores", "fingerprint": "1a2b3c4d", "dataset_digest": "data1",
        "status": "finished", "message": "", "started": "2026-01-01T00:00:00Z",
    } | changes  # fmt: skip
    return [
        {"path": f"results/{recipe}/{number}.jsonl", **shared, "replicate": number, "metric": metric, "value": value}
        for metric, each in values.items()
        for number, value in enumerate(each)
    ]


def frame(*some: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One side, from what `records` made."""
    return measurements.from_records([dict(record) for each in some for record in each])


def side(values: Mapping[str, Sequence[float]], **changes: Any) -> pd.DataFrame:
    """One side that measured one recipe."""
    return frame(records(values, **changes))
