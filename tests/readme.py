"""The blocks of README.md that a command writes; `python tests/readme.py` writes them anew."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
BLOCK = re.compile(r"(<!-- \$ (?P<words>(?:dlbench|python) .*?) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def written(words: str) -> str:
    """What the command prints, called from the repository's folder."""
    program, *rest = shlex.split(words)
    if program == "python":
        done = subprocess.run([sys.executable, *rest], cwd=REPOSITORY, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1), done.stderr  # 1: a bar was missed, which is for the README to say
        return done.stdout
    from typer.testing import CliRunner

    from dlbench.cli import app

    with contextlib.chdir(REPOSITORY), contextlib.redirect_stderr(io.StringIO()):
        return CliRunner().invoke(app, rest, catch_exceptions=False).stdout


def renewed(text: str) -> str:
    """The text with every block as its command writes it now; headings one level deeper than in a report."""
    return BLOCK.sub(lambda m: f"{m[1]}\n{written(m['words']).replace('### ', '#### ').strip()}\n\n{m[4]}", text)


if __name__ == "__main__":
    readme = REPOSITORY / "README.md"
    readme.write_text(renewed(readme.read_text()))
