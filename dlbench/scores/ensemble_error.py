"""What averaging the predictions of several nets gains over each of them."""

from __future__ import annotations

from statistics import fmean

from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.lenet5_ensemble import Ensemble
from dlbench.scores.classification_error import classification_error


def ensemble_error(model: nn.Module, data: Dataset, examples: Examples) -> dict[str, float]:
    """Score the ensemble, and each of its members by itself.

    Returns what `classification_error` returns for the average; of the members member_error_percent, their mean,
    best_member_error_percent and member_loss, their mean. Raises ValueError for a model that is no ensemble.
    """
    if not isinstance(model, Ensemble):
        raise ValueError("ensemble_error: this model has no members")
    members = [classification_error(member, data, examples) for member in model.members]
    errors = [member["error_percent"] for member in members]
    return classification_error(model, data, examples) | {
        "member_error_percent": fmean(errors),
        "best_member_error_percent": min(errors),
        "member_loss": fmean(member["loss"] for member in members),
    }
