"""What README.md and docs/ say is true: blocks are what their commands write, and every command they show works.

A page is a story: its commands run from top to bottom in one empty folder, with the files that the page shows. What the
tour trains, and a recipe of one's own, trains for real, two seeds at the smoke budget; other training is a `--dry-run`.
Verbs that take long whatever they are told, that last until Ctrl-C, or need a network, a cluster or another checkout,
are only understood.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import readme
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from dlbench import exits
from dlbench.cli import app
from dlbench.spec import catalog, study

ROOT = readme.REPOSITORY
PAGES = readme.pages()
BLOCKS = [block for page in PAGES for block in readme.BLOCK.finditer(page.read_text())]
TRAINS = ("run", "lecture")
ONLY_UNDERSTOOD = (
    "time", "devices", "gate", "data get", "baseline rm", "view", "history add", "history show", "history page"
)  # fmt: skip
QUICK = {"tour", "xor", "gates", *study.load("tour").recipes}
OPTION = re.compile(r"(?<![\w-])--[a-z][\w-]*")
CLUSTER = re.compile(r"--on (?:auto|ray://|slurm(?!.*cluster=local))")
OTHERS = re.compile(
    r"^(?:docker|uv|torchrun|ray) .*|^--build-arg .*", re.MULTILINE
)  # other programs have options of their own
VERB = re.compile(r"^(?:## )?dlbench ([a-z]+)", re.MULTILINE)
VERDICTS = ("claims", "compare")  # whose verdict may be any
WELL = (exits.FINE, exits.REGRESSION, exits.NOTHING_COMPARABLE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def code(page: Path) -> Iterator[tuple[bool, str]]:
    """The code in a page, without what commands write: whether it is a block of its own, and its text."""
    tokens = MarkdownIt().enable("table").parse(readme.BLOCK.sub("", page.read_text()))
    for token in tokens:
        if token.type in ("fence", "code_block"):
            yield True, token.content
        yield from ((False, part.content) for part in token.children or () if part.type == "code_inline")


def commands(page: Path) -> list[str]:
    """The lines of dlbench in a page's blocks of code."""
    lines = [line for is_block, text in code(page) if is_block for line in text.splitlines()]
    return [re.sub(r"\s+# .*", "", line).strip() for line in lines if line.startswith("dlbench ")]


def verb(words: list[str]) -> str:
    """`run`, or `data get` where the verb is a group."""
    return " ".join(words[1:3] if words[1] in ("data", "baseline", "history") else words[1:2])


def as_tested(line: str) -> list[str]:
    """The command as it runs here: `--results results` are the repository's, and training is short or left out."""
    words = shlex.split(line.replace("--results results", f"--results {ROOT / 'results'}"))
    if verb(words) in TRAINS:
        shipped = {word for word in words if word in catalog.recipes() | catalog.studies()}
        is_quick = verb(words) == "run" and shipped <= QUICK
        words += ["--budget", "smoke", "--seeds", "0,1"] if is_quick else ["--dry-run"]
    return words


STORIES = [page for page in PAGES if commands(page)]
LINES = sorted({line for page in PAGES for line in commands(page)})


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["words"])
def test_a_block_is_what_its_command_writes(block):
    assert readme.renewed(block[0]) == block[0]


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "results" / "README.md"], ids=name)
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_readme_is_short():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 150
    assert len(text.encode()) <= 12_000


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_understood(line):
    """Its verb and options exist, and so do recipes, studies and the files that some page shows."""
    words = shlex.split(line)
    done = CliRunner().invoke(app, [*words[1:], "--help"])
    assert done.exit_code == 0, done.output
    if words[1] in ("run", "time", "show", "report", "claims"):
        shown = {f"./{file}" for page in PAGES for file in readme.listings(page.read_text())}
        names = [word for word in line.split(" -")[0].split()[2:] if word != "NAME"]
        assert set(names) <= set(catalog.recipes()) | set(catalog.studies()) | shown


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_verb_and_option_in_running_text_exists(page):
    known = {*OPTION.findall(readme.written("python tests/commands.py")), "--version", "--help", "--install-completion"}
    known |= set(VERB.findall(readme.written("python tests/commands.py")))
    for _, text in code(page):
        text = OTHERS.sub("", text)
        named = OPTION.findall(text) if "dlbench" in text or text.startswith("-") else []
        assert {*named, *VERB.findall(text)} <= known, text


@pytest.mark.slow
@pytest.mark.timeout(900)  # a page may train a dozen nets, on a machine that does other work
@pytest.mark.parametrize("page", STORIES, ids=name)
def test_a_page_can_be_followed(page, tmp_path):
    for file, text in readme.listings(page.read_text()).items():
        (tmp_path / file).write_text(text)
    for line in commands(page):
        words = as_tested(line)
        if verb(words) in ONLY_UNDERSTOOD or CLUSTER.search(line):
            continue
        done = subprocess.run([sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True)
        well = WELL if verb(words) in VERDICTS else (exits.FINE,)
        assert done.returncode in well, f"{line}\n{done.stdout}{done.stderr}"
