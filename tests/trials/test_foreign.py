"""Weights of others: their net's logits come out of ours, whatever names and channels they have there."""

from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.errors import InputError
from dlbench.models.mlp import mlp
from dlbench.models.resnet import resnet
from dlbench.spec import mapping
from dlbench.spec.mapping import Channels, Mapping, Pixels
from dlbench.trials import foreign


class TheirBlock(nn.Module):
    """As akamaster/pytorch_resnet_cifar10 has it: a shortcut to more channels brings zeros on both sides."""

    def __init__(self, before, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.padding = channels // 4 if before != channels else 0

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        passed = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.padding, self.padding)) if self.padding else x
        return F.relu(y + passed)


class TheirNet(nn.Module):
    def __init__(self, blocks):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16)
        before = 16
        for number, channels in enumerate((16, 32, 64), 1):
            first = TheirBlock(before, channels, 1 if number == 1 else 2)
            rest = [TheirBlock(channels, channels, 1) for _ in range(blocks - 1)]
            setattr(self, f"layer{number}", nn.Sequential(first, *rest))
            before = channels
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.avg_pool2d(x, 8).flatten(1))


@pytest.fixture
def theirs():
    """Their ResNet-20 in double precision, with all numbers drawn, those of the normalisation too."""
    torch.manual_seed(0)
    net = TheirNet(blocks=3).double().eval()
    for name, value in net.state_dict().items():
        if "bn" in name and value.is_floating_point():
            value.uniform_(0.5, 1.5)
    return net


SHIPPED = mapping.load("akamaster-resnet")


def as_published(net, tmp_path):
    """A file as theirs are: from several GPUs, below `state_dict`, beside another number."""
    file = tmp_path / "resnet20.th"
    state = {f"module.{name}": value for name, value in net.state_dict().items()}
    torch.save({"state_dict": OrderedDict(state), "best_prec1": torch.tensor(91.7)}, file)
    return file


def test_their_net_is_ours_with_its_channels_in_another_order(theirs, tmp_path):
    """In double precision the sums over channels, which come in another order, differ in the last digits alone."""
    ours = resnet(depth=20).double().eval()
    images = torch.rand(5, 3, 32, 32, dtype=torch.float64)
    foreign.load(ours, as_published(theirs, tmp_path), SHIPPED)
    with torch.inference_mode():
        assert torch.allclose(ours(images), theirs(images), rtol=1e-12, atol=1e-12)


def test_without_the_orders_it_is_another_net(theirs, tmp_path):
    ours = resnet(depth=20).double().eval()
    images = torch.rand(5, 3, 32, 32, dtype=torch.float64)
    foreign.load(ours, as_published(theirs, tmp_path), Mapping(names=SHIPPED.names))
    with torch.inference_mode():
        assert not torch.allclose(ours(images), theirs(images), rtol=1e-2)


def test_names_without_a_mapping_are_listed_from_both_sides(theirs, tmp_path):
    with pytest.raises(InputError) as refused:
        foreign.load(resnet(depth=20).double(), as_published(theirs, tmp_path), Mapping())
    assert "not in the model: layer1.0.conv1.weight" in str(refused.value)
    assert "not in the file: stage1.block0.conv1.weight" in str(refused.value)
    assert "num_batches_tracked" not in str(refused.value).partition("not in the file")[2]


def test_shapes_are_compared(theirs, tmp_path):
    with pytest.raises(InputError, match=r"another shape: fc.weight \[10, 64\] there, \[7, 64\] here"):
        foreign.load(resnet(depth=20, classes=7).double(), as_published(theirs, tmp_path), SHIPPED)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": [Channels("output.weight", 1, "0-6")]}, "7 channels in dimension 1 do not fit output.weight"),
        ({"channels": [Channels("output.weight", 1, "0-6, 6")]}, "each must be there once"),
        ({"channels": [Channels("outptu.weight", 1, "0-7")]}, "outptu.weight: is the name of no tensor"),
        ({"names": {"output": r"\2"}}, "names: output: "),
        ({"names": {"output": "hidden1"}}, "two tensors become hidden1"),
        ({"names": {"output": None}}, "not in the file: output.weight, output.bias"),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_says_where(tmp_path, changes, words):
    net = mlp(sizes=[12, 8, 3])
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(InputError) as refused:
        foreign.load(net, tmp_path / "w.safetensors", Mapping(**changes))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("names: {'(': x}", "( is no regular expression"),
        ("names: [a]", "names: "),
        ("colour: red", "colour: "),
        ("channels: [{names: a, dimension: 0, order: backwards}]", "backwards is no list"),
    ],
)
def test_a_file_that_is_no_mapping_says_why(tmp_path, text, words):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(InputError) as refused:
        mapping.load("./mine.yaml")
    assert str(refused.value).startswith("mine.yaml: ")
    assert words in str(refused.value)


class Harmful:
    def __reduce__(self):
        return print, ("code of a stranger",)


@pytest.mark.parametrize("content", [Harmful(), [1, 2], {"state_dict": {"epoch": 3}}])
def test_a_file_of_anything_but_tensors_is_refused_and_runs_no_code(tmp_path, content, capsys):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InputError, match=r"no weights can be read|holds no tensors by name"):
        foreign.read(tmp_path / "w.pth")
    assert capsys.readouterr().out == ""


def test_pixels_are_prepared_as_torchvision_does():
    images = torch.randint(0, 256, (4, 3, 2, 2), dtype=torch.uint8)
    data = Dataset(Examples(images, torch.zeros(4)), None, (), torch.tensor(0.0), torch.tensor(1.0))
    mean, deviation = (torch.tensor(of).view(3, 1, 1) for of in (SHIPPED.pixels.mean, SHIPPED.pixels.deviation))
    expected = (images / 255 - mean) / deviation
    assert torch.allclose(foreign.prepared(data, SHIPPED.pixels).prepare(images), expected, atol=1e-6)
    with pytest.raises(InputError, match="1 means do not fit"):
        foreign.prepared(data, Pixels([0.5], [0.5]))
