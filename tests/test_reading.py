import contextlib
import json
import math
import string
import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.reading import MAX_BYTES, MAX_DEPTH, parse, read_mapping

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
words = st.text(string.ascii_letters, min_size=1, max_size=8)
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
        (b"a: !!bool x", "tags"),
        (b'a: !!int ""', "tags"),
        (b"a: !mine x", "tags"),
        (b"? [a, b]\n: 1", "YAML"),
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


def test_depth_counts_what_is_open_not_what_was():
    assert parse(f"[{', '.join(['[1]'] * 50)}]", "x") == [[1]] * 50
    parse("[" * MAX_DEPTH + "]" * MAX_DEPTH, "x")
    with pytest.raises(InputError, match="deeply"):
        parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "x")


def test_a_key_that_stands_twice_is_shown_where_it_stands_again():
    with pytest.raises(InputError, match=r"the key 'b' stands twice \(line 4, column 3\)"):
        parse("a:\n  b: 1\n  c: 1\n  b: 2\n", "x")


def test_without_libyaml_the_same_is_refused():
    code = (
        "import yaml; del yaml.CSafeLoader\n"
        "from dlbench.errors import InputError\n"
        "from dlbench.reading import _Loader, parse\n"
        "assert issubclass(_Loader, yaml.SafeLoader) and parse('a: [1e-4]', 'x') == {'a': [1e-4]}\n"
        "for text in ('a: 1\\na: 2', 'a: &a 1\\nb: *a', 'a: !!int \"\"', '[' * 500 + ']' * 500):\n"
        "    try: parse(text, 'x')\n"
        "    except InputError: continue\n"
        "    raise SystemExit(f'accepted {text}')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
