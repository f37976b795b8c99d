"""A file is replaced whole or not at all."""

from pathlib import Path

import pytest

from dlbench.writing import replacing


def test_the_old_file_is_there_until_the_new_one_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with replacing(target) as file:
        file.write(b"new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


def test_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(UnicodeEncodeError), replacing(target, tmp_path / "half") as file:
        file.write(b"ne" + "\ud800".encode())
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
