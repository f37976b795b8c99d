"""Steps that are timed never end, whatever a rule makes of its model."""

from itertools import islice
from pathlib import Path

import pytest

from dlbench.trials import plan, switches
from dlbench.trials.workers import timings

RULES = {
    "svm, C: 1.0": "support_vectors, kernel: polynomial, degree: 2, gamma: 1.0",
    "remember": "nearest_neighbours, k: 1",
}


@pytest.mark.parametrize(("rule", "model"), RULES.items())
def test_a_rule_that_fits_buffers_begins_again(rule: str, model: str, tmp_path: Path) -> None:
    file = tmp_path / "one.yaml"
    parts = f"data: {{name: digits}}\nmodel: {{name: {model}}}\ntraining: {{name: {rule}}}\n"
    file.write_text(f"title: One\nsource: none\n{parts}score: {{name: classification_error}}\n")
    [trial] = plan.trials([str(file)], seeds=[0], budget="full", threads=1, device="cpu")
    steps = timings.steps(switches.build([trial]), "train")
    first, second = islice(steps, 2)
    assert first == second > 0
