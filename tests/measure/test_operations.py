import pytest
import torch
from torch import nn

from dlbench.measure import operations
from dlbench.trials import plan, setup
from dlbench.trials.workers import timings


def test_counts_of_a_net_small_enough_to_count_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 4 * 4, 10))
    conv, linear = 8 * 3 * 9 * 16, 128 * 10
    assert operations.parameters(net) == (8 * 27 + 8) + (1280 + 10)
    assert operations.multiply_adds(net, (3, 4, 4)) == conv + linear
    layers = operations.layers(net, (3, 4, 4))
    assert [layer.multiply_adds for layer in layers] == [conv, 0, 0, linear]
    assert [layer.output_shape for layer in layers] == [(8, 4, 4), (8, 4, 4), (128,), (10,)]


def test_counting_leaves_the_net_as_it_was():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).train()
    before = {key: value.clone() for key, value in net.state_dict().items()}
    operations.layers(net, (2,))
    assert net.training
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())


def test_a_recurrent_layer_counts_both_its_products_at_every_step():
    """Four gates of 8 units from 3 inputs and 8 of their own, over 5 steps."""

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.LSTM(3, 8, batch_first=True)

        def forward(self, inputs):
            return self.layer(inputs)[1][0][0]

    assert operations.parameters(Last()) == 4 * 8 * (3 + 8 + 2)
    assert operations.multiply_adds(Last(), (5, 3)) == 5 * 4 * 8 * (3 + 8)
    assert operations.layers(Last(), (5, 3))[0].output_shape == (5, 8)


@pytest.mark.parametrize("name", ["adding-lstm-modern", "adding-rnn"])
def test_what_is_timed_is_counted_as_a_card_counts_it(name):
    """An example forward, and training on it: once more for the gradients of weights, and of what they multiply."""
    [trial] = plan.trials([name], device="cpu", seeds=[0], budget="full")
    built = setup.build([trial])
    model, shape = built.model, built.data.shape
    card = operations.multiply_adds(model, getattr(model, "input_shape", shape))
    job = {"trial": trial.as_dict(), "synthetic": False, "task": "size"}
    passed = timings.do(job | {"mode": "infer"})
    assert passed.flop_per_step == 2 * card * passed.batch_size
    taught = timings.do(job | {"mode": "train"})
    assert 2 < taught.flop_per_step / (2 * card * taught.batch_size) <= 3


def test_the_way_back_of_a_recurrent_layer_counts_twice_the_way_forward():
    layer = nn.LSTM(3, 8, num_layers=2, bidirectional=True, batch_first=True)
    inputs = torch.zeros(4, 5, 3, requires_grad=True)
    forward = 2 * 4 * 5 * sum(weight.numel() for weight in layer.parameters() if weight.dim() == 2)
    with operations.counter() as counted:
        layer(inputs)[0].sum().backward()
    assert counted.get_total_flops() == 3 * forward


def test_a_recurrent_layer_on_a_gpu_is_counted_by_its_weights():
    """Shapes as cuDNN's operator gets them: inputs, and the matrices and biases of all layers."""
    weights = [(32, 3), (32, 8), (32,), (32,), (32, 8), (32, 8), (32,), (32,)]
    count = operations.UNKNOWN_TO_TORCH[torch.ops.aten._cudnn_rnn]
    assert count((5, 4, 3), weights, 4, None, (2, 4, 8)) == 2 * 5 * 4 * 32 * (3 + 8 + 8 + 8)
