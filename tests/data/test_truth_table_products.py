"""Rows of a truth table, each with the product of its inputs."""

from pathlib import Path

import torch

from dlbench.data.truth_table import truth_table
from dlbench.data.truth_table_products import truth_table_products


def test_the_product_makes_xor_a_sum() -> None:
    found, plain = truth_table_products(Path(), function="xor"), truth_table(Path(), function="xor")
    assert torch.equal(found.train.inputs[:, :2], plain.train.inputs)
    assert torch.equal(found.train.targets, plain.train.targets)
    assert torch.equal(found.train.inputs @ torch.tensor([1.0, 1.0, -2.0]), plain.train.targets.float())
