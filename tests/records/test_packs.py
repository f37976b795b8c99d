"""The format of packs: what is written comes back, and what is damaged or hostile is refused before it does harm."""

import gzip
import json
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.records import packs
from dlbench.records.packs import Member

FUZZ = settings(suppress_health_check=list(HealthCheck), max_examples=100, deadline=None)
NAMES = st.text("abz09-_é ", min_size=1, max_size=6)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(lambda parts: "/".join(parts) + ".jsonl")
CONTENTS = st.binary(max_size=300) | st.lists(st.binary(max_size=30)).map(b"\n".join)
TIMES = st.integers(-(2**62), 2**62)
TWO = [Member("a/one.jsonl", 1_700_000_000_123_456_789, b'{"event": "start"}\n'), Member("b.jsonl", 5, b"cut sho")]


def lines(*events):
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def about(path, content=b"", **changes):
    return {"event": "file", "path": path, "bytes": len(content), "mtime_ns": 0, "crc32": zlib.crc32(content)} | changes


def read(pack):
    """The files of a pack up to where it is refused, and the words, if it is."""
    found = []
    try:
        for member in packs.members(pack):
            found.append(member)  # one by one: those before the error count
    except InputError as error:
        return found, str(error)
    return found, ""


def refused(pack, *events, start=None, content=b"\n"):
    """The words with which a pack of these lines is refused; after each of a file comes `content`."""
    start = {"event": "pack", "schema": 1} if start is None else start
    body = b"".join(lines(event) + (content if event.get("event") == "file" else b"") for event in events)
    pack.write_bytes(gzip.compress(lines(start) + body))
    _, words = read(pack)
    assert words.startswith(f"{pack}: ")
    assert len(words.splitlines()) == 1
    return words


@FUZZ
@given(files=st.dictionaries(PATHS, st.tuples(TIMES, CONTENTS), max_size=6))
def test_any_bytes_come_back_as_they_were(tmp_path, files):
    held = [Member(path, *files[path]) for path in sorted(files)]
    pack = tmp_path / "some.jsonl.gz"
    assert packs.write(pack, held) == len(held)
    assert list(packs.members(pack)) == held
    first = pack.read_bytes()
    packs.write(tmp_path / "again.jsonl.gz", iter(held))
    assert (tmp_path / "again.jsonl.gz").read_bytes() == first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.jsonl.gz", "some.jsonl.gz"]


def test_a_pack_is_readable_lines_even_after_a_file_that_was_cut_short(tmp_path):
    packs.write(tmp_path / "two.jsonl.gz", TWO)
    assert gzip.decompress((tmp_path / "two.jsonl.gz").read_bytes()).decode().splitlines() == [
        '{"event": "pack", "schema": 1}',
        '{"event": "file", "path": "a/one.jsonl", "bytes": 19, "mtime_ns": 1700000000123456789, "crc32": '
        f"{zlib.crc32(TWO[0].content)}}}",
        '{"event": "start"}',
        f'{{"event": "file", "path": "b.jsonl", "bytes": 7, "mtime_ns": 5, "crc32": {zlib.crc32(TWO[1].content)}}}',
        "cut sho",
        '{"event": "end", "files": 2}',
    ]


def test_a_pack_cut_short_anywhere_gives_whole_files_and_an_error(tmp_path):
    packs.write(tmp_path / "two.jsonl.gz", TWO)
    whole = (tmp_path / "two.jsonl.gz").read_bytes()
    cut = tmp_path / "cut.jsonl.gz"
    for length in range(len(whole)):
        cut.write_bytes(whole[:length])
        found, words = read(cut)
        assert found == TWO[: len(found)]
        assert words.startswith(f"{cut}: ")


@pytest.mark.parametrize("body", [0, 1])
def test_a_pack_cut_between_files_and_closed_is_refused_as_well(tmp_path, body):
    words = refused(tmp_path / "cut.jsonl.gz", *[about("a.jsonl")][:body])
    assert words.endswith("it ends there")


@FUZZ
@given(data=st.data())
def test_a_changed_byte_never_gives_a_file_that_was_not_packed(tmp_path, data):
    pack = tmp_path / "two.jsonl.gz"
    packs.write(pack, TWO)
    content = bytearray(pack.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    pack.write_bytes(content)
    found, words = read(pack)
    assert len(words.splitlines()) <= 1
    assert {member.content for member in found} <= {member.content for member in TWO}


@pytest.mark.parametrize(
    "path",
    [
        "../x.jsonl", "a/../../x.jsonl", "/etc/x.jsonl", "a//x.jsonl", "./x.jsonl", "a\\..\\x.jsonl", "C:x.jsonl",
        "C:/x.jsonl",
        "a/D:x.jsonl", "\\\\host\\share\\x.jsonl", "..", "", "x\x1b[2J.jsonl", "x\n.jsonl", "\ud800.jsonl",
        "x.py", "x.jsonl/", "x\0.jsonl",
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_folder_is_refused(tmp_path, path):
    assert "refused" in refused(tmp_path / "p.jsonl.gz", about(path))
    with pytest.raises(InputError, match="refused"):
        packs.write(tmp_path / "q.jsonl.gz", [Member(path, 0, b"")])
    assert not (tmp_path / "q.jsonl.gz").exists()


def test_two_files_of_one_path_or_out_of_order_are_refused(tmp_path):
    for second in ("b.jsonl", "a.jsonl"):
        assert "there twice, or not in order" in refused(tmp_path / "p.jsonl.gz", about("b.jsonl"), about(second))
        with pytest.raises(InputError, match="twice"):
            packs.write(tmp_path / "q.jsonl.gz", [Member("b.jsonl", 0, b""), Member(second, 0, b"")])


@pytest.mark.parametrize(
    "change",
    [
        {"bytes": -1}, {"bytes": True}, {"bytes": 1.0}, {"bytes": None}, {"mtime_ns": 2**63}, {"mtime_ns": "now"},
        {"crc32": 1}, {"path": 3}, {"bytes": 2}, {"bytes": 10**30},
    ],
)  # fmt: skip
def test_a_file_that_is_not_what_its_line_says_is_refused(tmp_path, change):
    assert refused(tmp_path / "p.jsonl.gz", about("a.jsonl") | change)


@pytest.mark.parametrize("end", [{"event": "end", "files": 2}, {"event": "start"}, {}, {"event": "pack", "schema": 1}])
def test_what_follows_a_file_is_another_or_the_right_end(tmp_path, end):
    assert "damaged after a.jsonl" in refused(tmp_path / "p.jsonl.gz", about("a.jsonl"), end)
    assert "damaged" in refused(tmp_path / "p.jsonl.gz", about("a.jsonl"), {"event": "end", "files": 1}, {"more": 1})


def test_what_is_no_pack_is_named(tmp_path):
    pack = tmp_path / "p.jsonl.gz"
    run = {"event": "start", "schema": 1}
    assert "not a pack" in refused(pack, start=run)
    assert "schema 2" in refused(pack, start={"event": "pack", "schema": 2})
    for content in (b"", b"plain text", lines(run), gzip.compress(b""), gzip.compress(b"x" * 100_000)):
        pack.write_bytes(content)
        with pytest.raises(InputError, match=r"p.jsonl.gz: (not a pack|damaged or cut short)"):
            list(packs.members(pack))
    for place in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError, match="not a pack: no regular file"):
            list(packs.members(place))


def bomb(path, sizes):
    """A pack of files of zeros."""
    with gzip.open(path, "wb") as stream:
        stream.write(lines({"event": "pack", "schema": 1}))
        for number, size in enumerate(sizes):
            zeros = bytes(size)
            stream.write(lines(about(f"{number:04}.jsonl", zeros)) + zeros + b"\n")
        stream.write(lines({"event": "end", "files": len(sizes)}))
    return path


@pytest.mark.parametrize("sizes", [[2**26], [2**20] * 40])
def test_a_bomb_is_refused_before_it_is_read(tmp_path, sizes):
    pack = bomb(tmp_path / "bomb.jsonl.gz", sizes)
    found, words = read(pack)
    assert words.endswith("larger than files in such a pack can be")
    assert sum(len(member.content) for member in found) <= packs.SPARED


def test_a_pack_that_would_be_refused_is_not_written(tmp_path):
    with pytest.raises(InputError, match=r"would be no pack: refused: zeros.jsonl"):
        packs.write(tmp_path / "p.jsonl.gz", [Member("zeros.jsonl", 0, bytes(2**25))])
    assert not list(tmp_path.iterdir())
