import torch
from torch import nn

from dlbench.measure import operations


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
