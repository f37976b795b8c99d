"""Srivastava et al. 2014."""

import pytest
import torch
from torch import Tensor, nn

from dlbench.data.dataset import Dataset, Examples
from dlbench.models.dropout_net import Dropout, dropout_net
from dlbench.training.sgd import sgd


def images(count: int) -> Tensor:
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def test_three_layers_of_1024_have_2913290_parameters_with_and_without_dropout() -> None:
    """Section 6.1.1 and Table 2: 784-1024-1024-1024-10; a mask learns nothing."""
    with torch.device("meta"):
        for arguments in ({}, {"retain_inputs": 1.0, "retain_hidden": 1.0}):
            net = dropout_net(**arguments)
            assert sum(p.numel() for p in net.parameters()) == 2_913_290
            assert net.get_submodule("hidden1").weight.shape == (1024, 784)  # type: ignore[union-attr]


def test_dropout_net_retains_the_paper_s_shares() -> None:
    """Section 6.1.1 and appendix B.1: p = 0.8 for inputs, 0.5 for hidden units."""
    with torch.device("meta"):
        shares = {name: layer.retain for name, layer in dropout_net().named_modules() if isinstance(layer, Dropout)}
    assert shares == {"inputs_dropout": 0.8, "hidden1_dropout": 0.5, "hidden2_dropout": 0.5, "hidden3_dropout": 0.5}


def test_in_training_a_unit_is_there_whole_or_not_at_all() -> None:
    """Section 4: r ~ Bernoulli(p), r * y, which is not scaled."""
    torch.manual_seed(0)
    y = torch.full((200, 500), 3.0)
    seen = Dropout(0.8).train()(y)
    kept = seen != 0
    torch.testing.assert_close(seen[kept], y[kept])
    assert abs(kept.float().mean() - 0.8) < 5 * (0.8 * 0.2 / 100_000) ** 0.5


def test_each_example_has_a_mask_of_its_own() -> None:
    torch.manual_seed(0)
    first, second = Dropout(0.5).train()(torch.ones(2, 1000))
    assert 0.4 < (first == second).float().mean() < 0.6


def test_a_test_is_the_same_net_with_weights_scaled_by_p() -> None:
    """Section 4, Figure 2: W_test = pW, p that of the layer below."""
    torch.manual_seed(0)
    net = dropout_net(units=20).eval()
    without = dropout_net(units=20, retain_inputs=1.0, retain_hidden=1.0).eval()
    without.load_state_dict(net.state_dict())
    with torch.no_grad():
        for name, p in (("hidden1", 0.8), ("hidden2", 0.5), ("hidden3", 0.5), ("output", 0.5)):
            without.get_parameter(f"{name}.weight").mul_(p)
    torch.testing.assert_close(net(images(5)), without(images(5)))


def test_the_test_output_of_a_single_layer_is_the_mean_over_all_thinned_nets() -> None:
    torch.manual_seed(0)
    net = dropout_net(layers=0, retain_inputs=0.8)
    image = images(1)
    with torch.no_grad():
        thinned = net.train()(image.expand(4_000, -1, -1, -1))
        error = thinned.std(0) / 4_000**0.5
        assert ((net.eval()(image)[0] - thinned.mean(0)).abs() < 5 * error).all()


def test_retaining_all_is_no_dropout() -> None:
    torch.manual_seed(0)
    net = dropout_net(units=16, retain_inputs=1.0, retain_hidden=1.0)
    assert torch.equal(net.train()(images(4)), net.eval()(images(4)))


@pytest.mark.parametrize("retain", [0.0, -0.1, 1.1])
def test_a_share_lies_above_0_and_at_most_at_1(retain: float) -> None:
    with pytest.raises(ValueError, match="the share of units that is kept"):
        dropout_net(units=4, retain_hidden=retain)


def test_max_norm_holds_for_the_weights_that_the_paper_bounds() -> None:
    """Section 5.1: |w| <= c for the incoming weights of every hidden unit, here while the rate is far too high."""
    torch.manual_seed(0)
    examples = Examples((images(40) * 255).to(torch.uint8), torch.arange(40) % 10)
    data = Dataset(examples, None, tuple("0123456789"), torch.tensor(0.0), torch.tensor(1 / 255))
    net = dropout_net(units=16)
    for _ in sgd(net, data, torch.Generator().manual_seed(0), lr=10.0, batch_size=20, steps=5, max_norm=2.0):
        norms = [layer.weight.norm(dim=1).max() for layer in net.modules() if isinstance(layer, nn.Linear)]
        assert max(norms) <= 2.0 + 1e-5
    assert max(norms) > 1.99, "the bound was reached"
