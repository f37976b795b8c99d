"""Three reported figures, worked out again from the raw lines of the run files in results/ with pandas alone."""

import io
import json
import re
from pathlib import Path, PurePath

import pandas as pd
import pytest

from dlbench.cli.report import report as print_report
from dlbench.records import raw_files

RESULTS = Path(__file__).parents[1] / "results"
RUNS = {"lenet-mnist": "full-seed*-cpu-*", "resnet-20": "medium-seed*-cuda0-*", "plain-20": "medium-seed*-cuda0-*"}


def events(file, kind):
    """The lines of one kind in a run file."""
    lines = pd.read_json(io.BytesIO(file.read()), lines=True)
    return lines[lines["event"] == kind]


def run_files(recipe):
    files = [file for file in raw_files.under(RESULTS, []) if PurePath(file.name).match(f"{recipe}/{RUNS[recipe]}")]
    assert files
    return files


@pytest.fixture
def report(tmp_path, capsys):
    """What `dlbench report` says of a recipe's runs in a column: the exact value, and the cell as it is printed."""

    def report(recipe, column, heading):
        for file in run_files(recipe):
            (tmp_path / PurePath(file.name).name).write_bytes(file.read())
        print_report([recipe], format="json", results=tmp_path)
        [row] = json.loads(capsys.readouterr().out)[0]["rows"]
        print_report([recipe], format="markdown", results=tmp_path)
        headings, _, cells = (
            [cell.strip() for cell in line.split("|")]
            for line in capsys.readouterr().out.splitlines()
            if line.startswith("|")
        )
        return row[column], cells[headings.index(heading)]

    return report


def is_rounded(printed, value):
    """Whether the printed number is the value, rounded to as many places as it shows."""
    places = len(printed.partition(".")[2])
    return printed.replace(",", "") == f"{value:.{places}f}"


def test_mean_and_deviation_of_the_test_error_over_seeds(report):
    scores = [events(file, "score") for file in run_files("lenet-mnist")]
    errors = pd.Series([score.loc[score["final"] == 1, "metrics"].item()["test_error_percent"] for score in scores])
    exact, printed = report("lenet-mnist", "test_error_percent", "test error %")
    assert exact == pytest.approx({"mean": errors.mean(), "sd": errors.std(), "n": len(errors)})
    mean, sd, n = re.fullmatch(r"([\d.]+) ± ([\d.]+) \(n=(\d+)\)", printed).groups()
    assert is_rounded(mean, errors.mean())
    assert is_rounded(sd, errors.std())
    assert int(n) == len(errors) > 1


def test_median_examples_per_second_over_seeds(report):
    laps = [events(file, "lap") for file in run_files("resnet-20")]
    warm = [lap[lap["step"] > 1] for lap in laps]  # the first step, a lap of its own, pays for getting ready
    speeds = pd.Series([lap["examples"].sum() / lap["seconds"].sum() for lap in warm])
    exact, printed = report("resnet-20", "median_examples_per_second", "median examples/s")
    assert exact == pytest.approx(speeds.median())
    assert is_rounded(printed, speeds.median())


def test_training_seconds_are_the_laps_and_nothing_else(report):
    seconds = pd.Series([events(file, "lap")["seconds"].sum() for file in run_files("plain-20")])
    exact, printed = report("plain-20", "median_training_seconds", "median training (s)")
    assert exact == pytest.approx(seconds.median())
    assert is_rounded(printed, seconds.median())
