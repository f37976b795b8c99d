import contextlib
import json
import math
import os
import string
import subprocess
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.reading import MAX_BYTES, MAX_DEPTH, MAX_INTEGER, parse, plain, quoted, read_mapping

BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"
words = st.text(string.ascii_letters, min_size=1, max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
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
        (b"a: 9223372036854775808", "63 bits"),
        (b"a: 0x" + b"f" * 5000, "63 bits"),
        (b"a: " + b"9" * 5000, "YAML"),
        (b'a: "\\e[2J"', "control characters"),
        (b'"\\e[2J": a', "control characters"),
        (b'a: "\\ud800"', "YAML"),
        (b"0x" + b"f" * 500 + b": a", "word"),
        (b"a: \x1b[2J", "YAML"),
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


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no such device")
def test_what_may_never_end_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for place in ("/dev/zero", tmp_path / "pipe"):
        with pytest.raises(InputError, match="not a regular file"):
            read_mapping(type(tmp_path)(place))


def test_a_mark_of_the_byte_order_is_no_part_of_the_text(tmp_path):
    (tmp_path / "mine.yaml").write_text("title: a", encoding="utf-8-sig")
    assert read_mapping(tmp_path / "mine.yaml") == {"title": "a"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("-7", -7), ("+1_000", 1000), ("0x1F", 31), ("0.5", 0.5), ("-0", 0), ("1.5", 1.5), (".5e3", 500.0),
        ("-1_0.5E-1", -1.05), ("2E5", 2e5), ("1:30", "1:30"), ("1:30.5", "1:30.5"), ("0b", "0b"), ("1e", "1e"),
        ("1e\u0665", "1e\u0665"), ("e5", "e5"), (".", "."), ("-", "-"), ("1.2.3", "1.2.3"),
        ("'010'", "010"), ("0-4", "0-4"),
    ],
)  # fmt: skip
def test_numbers_are_what_a_reader_takes_for_numbers(text, value):
    found = parse(f"[a, {text}]" if text != "-" else "[a, '-']", "x")[1]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text", ["010", "08", "-01", "+0_1", "0_1", "00", "0o10", "0b101", "0B1", "01.5", "00.5", "01e3"]
)
def test_a_number_that_begins_with_a_needless_0_means_two_things_and_is_refused(text):
    with pytest.raises(InputError, match=r"x: .*needless 0; quote it if text is meant \(line 2, column 4\)"):
        parse(f"a: 1\nb: {text}", "x")
    assert parse(f"a {text}", "x") == f"a {text}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: 1\nb: {lr: 0,1, momentum: 0.9}",
            "number '1'; a decimal comma is written as a point (line 2, column 11)",
        ),
        ("a: 1\n2: 3", "number '2'; quote it (line 2, column 1)"),
        ("a: {yes: 3}", "truth value 'yes'; quote it (line 1, column 5)"),
        ("2020-01-01: 3", "date '2020-01-01'; quote it"),
    ],
)
def test_a_key_that_is_no_word_is_shown_where_it_stands(text, words):
    with pytest.raises(InputError) as caught:
        parse(text, "x")
    assert f"a key is not a word but the {words}" in str(caught.value)


def test_a_text_for_parse_is_bounded_as_a_file_is():
    with pytest.raises(InputError, match="larger"):
        parse("x" * (MAX_BYTES + 1), "--set a")


@given(st.text(st.characters()) | st.recursive(st.integers() | st.text(), st.lists))
def test_whatever_is_shown_is_one_short_line(value):
    for words in (plain(value), quoted(value), plain(str(value) * 1000), quoted([value] * 1000)):
        assert words.isprintable()
        assert len(words) < 5000


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
