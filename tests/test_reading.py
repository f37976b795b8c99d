import contextlib
import json
import math
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.reading import MAX_BYTES, parse, read_mapping

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
words = st.text(string.ascii_letters, min_size=1, max_size=8).filter(lambda w: isinstance(yaml.safe_load(w), str))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(words, values, max_size=5))
def test_reads_what_yaml_writes(mapping):
    assert parse(yaml.safe_dump(mapping), "x") == mapping


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_text_is_a_value_or_one_line_of_error(text):
    with contextlib.suppress(InputError):
        json.dumps(parse(text, "x.yaml"))


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_an_exponent_without_a_dot_is_a_number(number):
    text = f"{number:e}".replace(".", "")  # 1e-04, which YAML 1.1 reads as text
    assert parse(text, "x") == float(text)
    assert parse("1e-4", "x") == 1e-4


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"# only a comment\n", "empty"),
        (b"- a\n- b\n", "list"),
        (b"just words", "str"),
        (bytes(range(128, 256)), "binary"),
        (b"a: [1", "YAML"),
        (b"a: 1\na: 2\n", "stands twice"),
        (BOMB.encode(), "aliases"),
        (b"a: " + b"[" * 50 + b"]" * 50, "deeply"),
        (b"a: " + b"[" * 40_000, "YAML"),
        (b"x" * (MAX_BYTES + 1), "larger"),
        (b"a: 2020-01-01", "date"),
        (b"a: .inf", "finite"),
        (b"1: a", "word"),
        (b"a: !!python/object/apply:os.system [ls]", "YAML"),
        (b"a: !!set {x}", "set"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path, content, words):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_mapping(path)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml"):
        read_mapping(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read_mapping(tmp_path)


def test_finite_numbers_only():
    assert math.isfinite(parse("1e300", "x"))
    with pytest.raises(InputError):
        parse("1e999", "x")
