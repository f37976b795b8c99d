"""Scores of the time-lag tasks: answers known beforehand, and the gradient against finite differences."""

from pathlib import Path

import pytest
import torch
from torch import nn

from dlbench.data.adding_problem import adding_problem
from dlbench.data.embedded_reber import SYMBOLS, embedded_reber, possible_next, read
from dlbench.models.lstm_1997 import lstm_1997
from dlbench.models.readout import last_steps
from dlbench.models.tanh_rnn import tanh_rnn
from dlbench.scores.adding_problem import adding_problem as score_adding
from dlbench.scores.embedded_reber import embedded_reber as score_reber
from dlbench.scores.gradient_by_lag import gradient_by_lag

NOWHERE = Path("/nowhere")
ADDING = adding_problem(NOWHERE, length=20, train_examples=200, test_examples=200)
STRINGS = embedded_reber(NOWHERE, train_examples=60, test_examples=60)


class Adder(nn.Module):
    """Gives the right answer, and so much more."""

    def __init__(self, more: float) -> None:
        super().__init__()
        self.more = more

    def forward(self, inputs):
        return 0.5 + (inputs[:, :, 0] * (inputs[:, :, 1] == 1)).sum(1, keepdim=True) / 4 + self.more


class Grammarian(nn.Module):
    """Knows the grammar, but for the second symbol, which it takes for T if it is forgetful."""

    def __init__(self, forgetful: bool) -> None:
        super().__init__()
        self.forgetful = forgetful

    def forward(self, inputs):
        outputs = torch.zeros_like(inputs)
        for rows, found in zip(inputs, outputs, strict=True):
            string = read(rows)
            for step, symbols in enumerate(possible_next(string)):
                if step == len(string) - 2 and self.forgetful:
                    symbols = "T"
                found[step, [SYMBOLS.index(symbol) for symbol in symbols]] = 0.5
        return outputs.flatten(1)


@pytest.mark.parametrize(("more", "wrong"), [(0.0, 0.0), (0.039, 0.0), (0.041, 100.0)])
def test_a_sequence_is_right_within_four_hundredths(more: float, wrong: float) -> None:
    found = score_adding(Adder(more), ADDING, ADDING.test)
    assert found["wrong_percent"] == wrong
    assert found["mean_squared_error"] == pytest.approx(more**2, abs=1e-9)


def test_strings_and_what_memory_is_worth() -> None:
    knows, forgets = (score_reber(Grammarian(forgetful), STRINGS, STRINGS.test) for forgetful in (False, True))
    assert knows == {"wrong_strings_percent": 0, "wrong_memory_percent": 0, "solved": 1}
    second_is_p = 100 * sum(read(rows)[1] == "P" for rows in STRINGS.test.inputs) / 60
    assert forgets["wrong_memory_percent"] == pytest.approx(second_is_p)
    assert forgets["wrong_strings_percent"] == pytest.approx(second_is_p)
    assert forgets["solved"] == 0


def test_equal_outputs_predict_nothing() -> None:
    class Undecided(nn.Module):
        def forward(self, inputs):
            return torch.full_like(inputs, 0.5).flatten(1)

    assert score_reber(Undecided(), STRINGS, STRINGS.train)["wrong_strings_percent"] == 100


def test_the_gradient_is_what_finite_differences_say() -> None:
    torch.manual_seed(0)
    net = tanh_rnn(inputs=2, hidden=5, outputs=1)
    found = gradient_by_lag(net, ADDING, ADDING.test.take(1), lags=[0, 3])
    net.double()
    inputs, last = ADDING.test.inputs[:1].double(), int(last_steps(ADDING.test.inputs[:1]))
    for lag in (0, 3):
        differences = []
        for component in range(2):
            moved = torch.zeros_like(inputs)
            moved[0, last - lag, component] = 1e-6
            with torch.no_grad():
                differences.append(float((net(inputs + moved) - net(inputs - moved)) / 2e-6))
        assert found[f"gradient_norm_at_lag_{lag}"] == pytest.approx(sum(d**2 for d in differences) ** 0.5, rel=1e-3)


def test_a_linear_chain_has_the_factor_of_its_weight() -> None:
    """Next to zero tanh is linear: each step back multiplies the gradient by the one recurrent weight."""
    net = tanh_rnn(inputs=2, hidden=1, outputs=1, bias=False)
    with torch.no_grad():
        net.into.weight.fill_(1e-4)
        net.recurrent.weight.fill_(0.5)
    found = gradient_by_lag(net, ADDING, ADDING.test, lags=[1, 4, 9, 15])
    assert found["gradient_factor_per_step"] == pytest.approx(0.5, rel=1e-3)
    assert found["gradient_norm_at_lag_4"] / found["gradient_norm_at_lag_9"] == pytest.approx(2**5, rel=1e-3)


def test_the_cell_of_1997_begins_with_constant_error_flow_and_the_tanh_net_without() -> None:
    torch.manual_seed(0)
    cell = lstm_1997(inputs=2, blocks=2, size=2, outputs=1, input_gate_biases=[-3.0, -6.0])
    lags = [1, 2, 5, 10, 15]
    assert gradient_by_lag(cell, ADDING, ADDING.test, lags=lags)["gradient_factor_per_step"] > 0.97
    net = tanh_rnn(inputs=2, hidden=18, outputs=1)
    assert gradient_by_lag(net, ADDING, ADDING.test, lags=lags)["gradient_factor_per_step"] < 0.8


def test_the_adding_score_asks_for_gradients_only_where_lags_are_named() -> None:
    net = tanh_rnn(inputs=2, hidden=3, outputs=1)
    assert set(score_adding(net, ADDING, ADDING.test)) == {"mean_squared_error", "wrong_percent"}
    found = score_adding(net, ADDING, ADDING.test, lags=[1, 5])
    assert {"gradient_norm_at_lag_1", "gradient_norm_at_lag_5", "gradient_factor_per_step"} < set(found)


@pytest.mark.parametrize("lags", [[3], [1, 22], [-1, 3]])
def test_impossible_lags(lags) -> None:
    with pytest.raises(ValueError, match="two or more"):
        gradient_by_lag(tanh_rnn(inputs=2, hidden=3, outputs=1), ADDING, ADDING.test, lags=lags)


def test_a_gradient_of_several_outputs() -> None:
    with pytest.raises(ValueError, match="one output a sequence"):
        gradient_by_lag(tanh_rnn(inputs=2, hidden=3, outputs=2), ADDING, ADDING.test, lags=[1, 2])
