"""What is lost when images pass through a code of 30 numbers, by where the weights came from and how they learnt."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dlbench.records.groups import Group, groups
from dlbench.report.notes import footnotes
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

KEYS = ("recipe", "variant", "budget", "device")
ERROR, OF_MEAN = "test_squared_error", "test_squared_error_of_mean"


def autoencoder(runs: pd.DataFrame) -> list[Table]:
    """One row a recipe: the squared error of its reconstructions beside the published one."""
    runs = runs.reset_index(drop=True)
    found = [group for group in groups(runs) if group.values(ERROR)]
    rows = [_row(group) for group in found]
    if len({group.device for group in found}) <= 1:
        rows = [row | {"device": None} for row in rows]
    notes = [
        "Squared error: summed over the pixels of an image, which lie in [0, 1], and averaged over images.",
        "Of mean: the error in per cent of what always answering with the mean training image would leave.",
        *footnotes(runs, found, rows),
    ]
    return [Table.of("Squared error of reconstructions", rows, notes, KEYS)]


def of_mean_percent(group: Group) -> Measure | None:
    """The test error as a share of the mean image's, paired by seed."""
    errors, means = group.by_seed(ERROR), group.by_seed(OF_MEAN)
    shares = [100 * errors[seed] / means[seed] for seed in errors.keys() & means.keys()]
    return Measure.of(shares) if shares else None


def beginnings(group: Group) -> str:
    """Where the weights come from, in words."""
    model, rule = group.resolved.get("model", {}), group.resolved.get("training", {}).get("name")
    if rule == "pca":
        return "eigenvectors"
    if rule == "contrastive_divergence":
        return "Boltzmann machines"
    return "Glorot's" if model.get("init") == "glorot" else f"N(0, {model.get('init_std', 0.1)}²)"


def _row(group: Group) -> dict[str, Any]:
    return {
        "recipe": group.recipe,
        "variant": group.variant,
        "budget": group.budget,
        "device": group.device,
        "initial_weights": beginnings(group),
        ERROR: group.measure(ERROR),
        f"published_{ERROR}": group.published(ERROR),
        "train_squared_error": group.measure("train_squared_error"),
        "of_mean_percent": of_mean_percent(group),
        "parameters": group.constant("parameters"),
        "train_examples": group.constant("train_examples"),
    }
