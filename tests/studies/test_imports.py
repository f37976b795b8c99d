"""Tables and reports are about frames: none of them needs torch."""

import subprocess
import sys
from pathlib import Path

import dlbench

PACKAGE = Path(dlbench.__file__).parent
FILES = sorted(file for folder in ("studies", "report") for file in (PACKAGE / folder).rglob("*.py"))
MODULES = [".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in FILES]


def test_no_torch_and_what_draws_only_when_it_draws() -> None:
    assert {"dlbench.studies.xor", "dlbench.report.panels.bars", "dlbench.report.formats.markdown"} <= set(MODULES)
    heavy = "{'torch', 'torchvision', 'matplotlib'}"
    code = f"import sys, {', '.join(MODULES)}; print(*{heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
