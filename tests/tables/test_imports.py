"""Tables and reports are about frames: none of them needs torch."""

import subprocess
import sys

MODULES = (
    "dlbench.tables.results, dlbench.tables.xor, dlbench.tables.degradation, dlbench.tables.ilsvrc, dlbench.published, "
    "dlbench.report.terminal, dlbench.report.markdown, dlbench.report.csv, dlbench.report.latex, dlbench.report.json, "
    "dlbench.report.figures.degradation, dlbench.report.figures.ilsvrc, dlbench.report.figures.xor, "
    "dlbench.measure.statistics"
)


def test_no_torch_and_no_pyplot() -> None:
    code = f"import sys; import {MODULES}; print(*{{'torch', 'torchvision', 'matplotlib.pyplot'}} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
