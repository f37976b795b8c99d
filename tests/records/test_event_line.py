import json
import math

from hypothesis import given
from hypothesis import strategies as st

from dlbench.records import event_line

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def refuse(word):
    raise AssertionError(word)


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
def test_any_event_is_one_line_of_strict_json(event):
    line = event_line.line(event)
    assert line.count("\n") == 1
    json.loads(line, parse_constant=refuse)


@given(st.floats() | st.integers())
def test_a_number_is_read_as_it_was_written(number):
    read = event_line.number(json.loads(event_line.line({"a": {"b": [number]}}))["a"]["b"][0])
    assert type(read) is type(number)
    assert read == number or (math.isnan(read) and math.isnan(number))


def test_what_was_no_number_stays_as_it_is():
    assert event_line.number("nan") == "nan"
    assert event_line.number(["NaN"]) == ["NaN"]
