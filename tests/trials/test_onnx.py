"""Models as ONNX files: what onnxruntime says is what torch says, for batches of any size."""

import onnx as files
import pytest
import torch
from torch import nn

from dlbench.errors import InputError
from dlbench.models.mlp import mlp
from dlbench.trials import onnx

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return mlp(sizes=[12, 8, 3])


@pytest.fixture(scope="module")
def file(model):
    return onnx.exported(model, torch.rand(2, 12), {"recipe": "mine"})


def test_a_file_answers_as_its_model_does_whatever_the_size_of_the_batch(model, file):
    session = onnx.Session(file, CPU, threads=1)
    assert onnx.check(session, model, [torch.rand(size, 12) for size in (1, 2, 7)]) < 1e-6
    assert {prop.key: prop.value for prop in files.load_from_string(file).metadata_props}["recipe"] == "mine"


def test_another_model_s_answers_are_told_apart(file):
    with pytest.raises(onnx.Different, match="away from torch's"):
        onnx.check(onnx.Session(file, CPU, threads=1), mlp(sizes=[12, 8, 3]), [torch.rand(2, 12)])


def test_a_model_whose_path_depends_on_what_it_sees_is_refused_in_a_line():
    class Fickle(nn.Module):
        def forward(self, x):
            return x * 2 if x.sum() > 0 else x.cumsum(0)

    with pytest.raises(InputError, match="cannot become an ONNX file") as refused:
        onnx.exported(Fickle(), torch.rand(2, 3), {})
    assert "\n" not in str(refused.value)


def test_a_device_that_onnxruntime_has_no_provider_for_is_named(file):
    with pytest.raises(InputError, match="has no provider for xpu here; take --device cpu"):
        onnx.Session(file, torch.device("xpu:0"), threads=1)
