"""docs/lecture/coverage.md leaves out no slide, no line of one, and no study."""

import re
from pathlib import Path

import pytest

from dlbench.spec import catalog, study

LECTURE_PAGES = Path(__file__).parents[1] / "docs" / "lecture"
PAGE = LECTURE_PAGES / "coverage.md"
SLIDES = 54
SAID = Path(__file__).parents[2] / "shared" / "lecture"
LINK = re.compile(r"\[([a-z0-9-]+)\]\(([^)]+)\)")
WITHOUT_CLAIMS = {"hardware"}  # a study that compares and claims nothing


def rows() -> list[list[str]]:
    """The cells of each row: slide, what it says, tested by, why not."""
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def bare(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def bullets() -> list[str]:
    """The lines of the lecture's slides, without numbers and the letter of a picture."""
    if not SAID.is_dir():
        pytest.skip("the lecture's text is not here")
    text = "\n".join(path.read_text("utf-8") for path in sorted(SAID.glob("*.txt")))
    return re.findall(r"^ *- (?:\d\. )?(.+?)(?: \(a\))?$", text, re.MULTILINE)


def test_no_slide_is_missing():
    numbers = [int(slide.split()[0]) for slide, *_ in rows()]
    assert sorted(set(numbers)) == list(range(1, SLIDES + 1))
    assert numbers == sorted(numbers)


def test_no_line_of_a_slide_is_missing():
    page = bare(PAGE.read_text("utf-8"))
    named = [line for line in bullets() if bare(line) not in page and not line.startswith("Yann LeCun")]
    assert named == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_sentence_is_tested_or_says_why_not(row):
    _, sentence, tested, why = row
    assert bool(LINK.search(tested)) != bool(why)
    assert sentence or why


def test_a_study_is_linked_to_the_page_that_has_its_verdicts():
    for name, page in {link for row in rows() for link in LINK.findall(" ".join(row))}:
        assert name in catalog.studies()
        text = (LECTURE_PAGES / page).read_text("utf-8")
        blocks = re.findall(r"<!-- \$ dlbench (?:claims|report) (.*?) -->", text)
        assert name in WITHOUT_CLAIMS or any(name in block.split() for block in blocks), (name, page)


def test_every_study_of_the_lecture_tests_a_sentence():
    named = {name for row in rows() for name, _ in LINK.findall(row[2])}
    assert set(study.load("lecture").studies) <= named
