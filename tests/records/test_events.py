"""Events and lines: what is written is read, and no other module need know how."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dlbench.records import events, raw_files
from dlbench.records.events import End, Lap, Note, Pictures, Score, Start, Unreadable, Unsound

RESULTS = Path(__file__).parents[2] / "results"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
numbers = st.floats() | st.integers(-(2**63) + 1, 2**63 - 1)


def refuse(word):
    raise AssertionError(word)


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_any_event_is_one_line_of_strict_json(content):
    line = events.line(Pictures(content))
    assert line.count("\n") == 1
    json.loads(line, parse_constant=refuse)


@given(numbers, st.dictionaries(st.text(max_size=5), numbers, max_size=3), st.none() | st.booleans())
def test_an_event_is_read_as_it_was_written(loss, counts, warm_up):
    lap = Lap(3, 80, 0.5, loss, counts, warm_up)
    read = events.parse(events.line(lap), Lap)
    assert repr(read) == repr(lap)  # NaN is like itself there, and 1 is not like 1.0


def test_a_file_keeps_neither_whose_event_it_is_nor_what_is_to_come_but_a_message_does():
    lap = Lap(3, 80, 0.5, 1.0, {}, of=9, index=2)
    assert events.of_message(events.message(lap)) == lap
    assert events.line(lap) == (
        '{"event": "lap", "step": 3, "examples": 80, "seconds": 0.5, "loss": 1.0, "counts": {}}\n'
    )


def test_half_a_pair_of_surrogates_is_written_as_text_that_can_be_read():
    assert events.of_message(events.message(Note("a\udcffb \U0001f600"))) == Note("a?b \U0001f600")


def test_a_key_of_a_newer_dlbench_is_passed_over_and_one_of_an_older_may_be_missing():
    end = events.parse('{"event": "end", "status": "finished", "message": "", "carbon": 3}', End)
    assert end == End("finished", "")
    assert end.weights_digest is None


@pytest.mark.parametrize(
    ("line", "kind", "words"),
    [
        ('{"event": "end", "status": "finished"}', End, "end: 'message': Field required"),
        ('{"event": "end", "status": 3, "message": ""}', End, "end: 'status': Input should be a valid string"),
        ('{"event": "lap", "step": true}', Lap, "lap: 'step': Input should be a valid integer"),
        ('{"event": "score", "metrics": {"a\\nb": "x"}}', Score, "score: 'step': Field required"),
        ("[]", Start, "start: "),
    ],
)
def test_what_is_missing_or_of_another_type_is_named_in_a_line(line, kind, words):
    with pytest.raises(Unsound) as caught:
        events.parse(line, kind)
    assert str(caught.value).startswith(words)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("line", ["", "{", '{"event": "lap", "st', '{"event": "party"}', "[1]", "{}"])
def test_what_is_no_event_cannot_be_read(line):
    with pytest.raises(Unreadable):
        events.of_message(line)


def test_what_was_no_number_stays_as_it_is():
    assert math.isnan(events.number("NaN"))
    assert events.number("nan") == "nan"
    assert events.number(["NaN"]) == ["NaN"]


shapes = st.lists(st.integers(1, 5), max_size=4)


@given(st.dictionaries(st.text(max_size=5), shapes, max_size=3), st.integers(0, 2**31))
def test_pictures_come_back_to_a_255th(wanted, seed):
    generator = torch.Generator().manual_seed(seed)
    pictures = {name: torch.rand(shape, generator=generator) for name, shape in wanted.items()}
    arrays = events.parse(events.line(Pictures.of(pictures)), Pictures).arrays()
    assert arrays.keys() == pictures.keys()
    for name, picture in pictures.items():
        assert arrays[name].shape == picture.shape
        np.testing.assert_allclose(arrays[name], picture, atol=0.5 / 255 + 1e-6)


def test_what_is_no_number_of_a_picture_is_cut_off_and_too_much_is_none():
    arrays = Pictures.of({"p": torch.tensor([-3.0, 0.5, 7.0])}).arrays()
    np.testing.assert_allclose(arrays["p"], [0, 0.5, 1], atol=1 / 255)
    with pytest.raises(ValueError, match="show fewer"):
        Pictures.of({"p": torch.zeros(events.MOST_NUMBERS + 1)})


def test_committed_files_are_written_again_byte_for_byte():
    kinds = set()
    for file in raw_files.under(RESULTS, []):
        for line in filter(bytes.strip, file.read().splitlines(keepends=True)):
            kinds.add(kind := events.kind(line))
            again = events.line(events.parse(line, events.CLASSES[kind])).encode()
            assert again == line.replace(b', "device_peak_bytes": null, "weights', b', "weights'), file.path
    assert kinds >= {"start", "ready", "lap", "score", "end", "pictures", "size", "timing"}
