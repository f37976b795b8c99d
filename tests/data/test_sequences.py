"""The adding problem and the embedded Reber grammar against what their papers say of them."""

import random
import re
from pathlib import Path

import pytest
import torch

from dlbench.data.adding_problem import FIRST_MARK, adding_problem
from dlbench.data.embedded_reber import draw, embedded_reber, one_hot, possible_next, read
from dlbench.errors import InputError
from dlbench.models.readout import last_steps

NOWHERE = Path("/nowhere")


@pytest.fixture(scope="module")
def adding():
    return adding_problem(NOWHERE, length=40, train_examples=20_000, test_examples=100)


def marked(examples):
    """Which pairs are marked, bool [n, longest]."""
    return examples.inputs[:, :, 1] == 1


def test_lengths_are_uniform_from_t_to_a_tenth_more(adding) -> None:
    lengths = last_steps(adding.train.inputs) + 1
    counts = torch.bincount(lengths)
    assert len(counts) == 45
    assert counts[:40].sum() == 0
    assert counts[40:].min() > 20_000 / 5 - 5 * (20_000 * 0.16) ** 0.5
    ended = torch.arange(44) >= lengths[:, None]
    assert not adding.train.inputs[ended].any()


def test_first_and_last_pair_carry_minus_one_and_no_other(adding) -> None:
    markers, last = adding.train.inputs[:, :, 1], last_steps(adding.train.inputs)
    assert (markers == -1).sum(1).unique().tolist() == [2]
    assert (markers[:, 0] == -1).all()
    assert (markers.gather(1, last[:, None]) == -1).all()


def test_the_target_is_the_scaled_sum_of_the_marked_values(adding) -> None:
    values = adding.train.inputs[:, :, 0]
    sums = (values * marked(adding.train)).sum(1)
    torch.testing.assert_close(adding.train.targets[:, 0], 0.5 + sums / 4)  # a chosen first pair is worth nothing
    assert values.abs().max() <= 1
    assert abs(float(values[:, 1:40].mean())) < 0.005
    assert float(values[:, 1:40].var()) == pytest.approx(1 / 3, abs=0.005)


def test_marks_lie_where_the_paper_puts_them(adding) -> None:
    """One of the first ten, and one of the first T/2 - 1 still unmarked: half the sequence is between mark and end."""
    both = marked(adding.train)
    whole = both.sum(1) == 2
    first, second = both[whole].nonzero()[:, 1].view(-1, 2).unbind(1)
    assert first.max() == 9
    assert second.max() == 19
    zeroed = float((~whole).float().mean())
    assert zeroed == pytest.approx(0.1 + 0.9 / 19, abs=0.011)
    assert not adding.train.inputs[~whole][:, 0, 0].any()


def target_variance(length: int) -> float:
    """The mean squared error of the best constant answer: 1/24, less what the rare unmarked first pair takes away.

    (X1 + X2) / 4 has the variance (1/3 + 1/3) / 16 = 1/24; X1 is zero with probability 1/10, and X2 with probability
    9/10 / (length / 2 - 1).
    """
    zeroed = 1 / FIRST_MARK + (1 - 1 / FIRST_MARK) / (length // 2 - 1)
    return (2 - zeroed) / 3 / 16


@pytest.mark.parametrize("length", [40, 100])
def test_the_best_constant_is_off_by_a_little_less_than_one_24th(length: int) -> None:
    data = adding_problem(NOWHERE, length=length, train_examples=40_000)
    measured = float(data.train.targets.var())
    assert measured == pytest.approx(target_variance(length), rel=0.03)
    assert 0.92 / 24 < target_variance(length) < 1 / 24


def test_sequences_are_the_same_for_everybody_and_others_with_another_seed() -> None:
    one, again = (adding_problem(NOWHERE, length=20, train_examples=50, test_examples=20) for _ in range(2))
    other = adding_problem(NOWHERE, length=20, train_examples=50, test_examples=20, seed=1)
    assert one.digest == again.digest != other.digest


@pytest.mark.parametrize("options", [{"length": 11}, {"length": 20, "train_examples": 0}])
def test_impossible_sequences(options) -> None:
    with pytest.raises(InputError, match=f"^{list(options)[-1]}: "):
        adding_problem(NOWHERE, **options)


def test_every_string_is_embedded_and_remembers_its_second_symbol() -> None:
    generator = random.Random(0)
    for _ in range(500):
        string = draw(generator)
        assert re.fullmatch(r"B([TP])B[TSXVP]+E\1E", string)
        assert string[1] == string[-2]
        assert len(string) >= 9


@pytest.mark.parametrize("inner", ["BTXSE", "BTSXSE", "BPVVE", "BPTVPSE", "BTXXVVE", "BTXXTTVPXVPSE"])
def test_strings_of_the_grammar_by_hand(inner: str) -> None:
    """Strings one finds by walking the graph in Cleeremans et al. 1989, Figure 2."""
    string = f"BP{inner}PE"
    allowed = possible_next(string)
    assert all(following in symbols for following, symbols in zip(string[1:], allowed[:-1], strict=False))
    assert allowed[-2] == "E"
    assert allowed[-3] == "P", "the second symbol comes again"


def test_what_may_follow_is_what_does() -> None:
    """Over many strings, the symbols seen after each beginning are just those that are said to be possible."""
    generator = random.Random(1)
    seen: dict[str, set[str]] = {}
    told: dict[str, str] = {}
    for _ in range(4000):
        string = draw(generator)
        for end in range(1, min(len(string), 6)):
            seen.setdefault(string[:end], set()).add(string[end])
            told[string[:end]] = possible_next(string[:end])[-1]
    assert {start: set(symbols) for start, symbols in told.items()} == seen


def test_strings_as_tensors() -> None:
    data = embedded_reber(NOWHERE)
    assert data.test is not None
    assert (len(data.train), len(data.test)) == (256, 256)
    longest = data.shape[0]
    for rows, targets in zip(data.train.inputs, data.train.targets.view(256, longest, 7), strict=True):
        string = read(rows)
        assert torch.equal(rows, one_hot(string, longest))
        assert read(targets) == string[1:] + "E"
    assert embedded_reber(NOWHERE).digest == data.digest != embedded_reber(NOWHERE, seed=1).digest


def test_an_empty_set_of_strings() -> None:
    with pytest.raises(InputError, match=r"^test_examples: 0"):
        embedded_reber(NOWHERE, test_examples=0)
