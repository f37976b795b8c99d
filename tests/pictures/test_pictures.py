"""What recipes show of their models, and its way into the run file and out."""

import own
import pytest
import torch
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.lenet5 import lenet5
from dlbench.pictures.activations import activations
from dlbench.pictures.first_layer_filters import first_layer_filters
from dlbench.pictures.reconstructions import reconstructions
from dlbench.records import store
from dlbench.trials import plan, runner


@pytest.fixture
def images() -> Dataset:
    inputs = torch.randint(256, (12, 1, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    examples = Examples(inputs, torch.arange(12) % 10)
    return Dataset(examples, examples, tuple("0123456789"), torch.tensor(0.0), torch.tensor(1 / 255))


def test_filters_are_the_first_layer_s_weights_each_stretched(images):
    model = lenet5()
    found = first_layer_filters(model, images)["filters"]
    weight = next(module for module in model.modules() if isinstance(module, nn.Conv2d)).weight
    assert found.shape == weight.shape
    assert (found.amin((1, 2, 3)), found.amax((1, 2, 3))) == (
        pytest.approx(torch.zeros(6)),
        pytest.approx(torch.ones(6)),
    )
    for one, other in zip(found, weight.detach(), strict=True):
        assert torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1] == pytest.approx(1)
    with pytest.raises(InputError, match="Linear has no convolution"):
        first_layer_filters(nn.Linear(2, 1), images)


def test_reconstructions_stand_beside_their_originals(images):
    found = reconstructions(nn.Identity(), images, output="linear", count=3)
    torch.testing.assert_close(found["reconstructions"], found["originals"])
    torch.testing.assert_close(found["originals"], images.test.inputs[:3] / 255)
    found = reconstructions(nn.Identity(), images, output="logistic", count=3)
    torch.testing.assert_close(found["reconstructions"], torch.sigmoid(found["originals"]))


def test_activations_are_the_maps_of_each_layer_in_order(images):
    model = lenet5().eval()
    found = activations(model, images, example=2, maps=4)
    assert next(iter(found)) == "input"
    sizes = [tuple(each.shape) for each in found.values()]
    assert sizes[0] == (1, 32, 32)
    assert all(size[0] == 4 for size in sizes[1:])
    assert [size[1] for size in sizes] == sorted((size[1] for size in sizes), reverse=True)
    assert len(sizes) >= 3
    assert not any(module._forward_hooks for module in model.modules())


def test_a_run_keeps_the_pictures_its_recipe_asks_for(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("extends: lenet-digits\ntitle: with pictures\npictures: {name: first_layer_filters}\n")
    with_pictures, without = plan.trials([str(path), "lenet-digits"], device="cpu", budget="smoke", seeds=[0])
    assert with_pictures.recipe.digest == without.recipe.digest  # to look at a model does not change it
    outcomes = runner.run([with_pictures, without], tmp_path / "out")
    assert [outcome.status for outcome in outcomes] == ["finished", "finished"]
    assert store.pictures(outcomes[0].path)["filters"].shape == (6, 1, 5, 5)
    assert store.pictures(outcomes[1].path) == {}
    frame = store.load(tmp_path / "out")
    assert frame.attrs["warnings"] == []
    assert frame["test_error_percent"].nunique() == 1


def test_a_picture_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(InputError, match="pictures: reconstructions needs 'output'"):
        plan.trials([own.write(tmp_path, "raising", "pictures: {name: reconstructions}\n")], device="cpu")
    path = own.write(tmp_path, "plain", "pictures: {name: reconstructions, output: linear}\n")
    (outcome,) = runner.run(plan.trials([path], device="cpu"), tmp_path / "out")
    assert outcome.status == "failed"  # ten class scores make no picture of 64 pixels
    assert "shape" in outcome.message
