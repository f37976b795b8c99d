"""The commands as a user calls them: real processes, in an empty folder."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import own
import psutil
import pytest
from typer.testing import CliRunner

from dlbench import cli, parts
from dlbench.cli import list as listing
from dlbench.cli import options
from dlbench.data import sources
from dlbench.spec import catalog, recipe, study
from dlbench.trials import standing
from dlbench.version import __version__

HEAVY = {"torch", "torchvision", "pandas", "numpy", "sklearn", "scipy", "matplotlib", "skimage"}


def dlbench(*words, **options):
    return subprocess.run([sys.executable, "-m", "dlbench", *words], capture_output=True, text=True, **options)


def modules_loaded_by(*words):
    """The modules that a command has imported when it ends."""
    code = (
        "import sys; sys.argv = ['dlbench', *sys.argv[1:]]\n"
        "from dlbench.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('\\n', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())  # where all goes once a command has ended


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list"],
        ["list", "rules"],
        ["list", "datasets"],
        ["data", "path"],
        *([v, "--help"] for v in cli.VERBS),
    ],
    ids=" ".join,
)
def test_help_and_list_load_nothing_heavy(words):
    assert not HEAVY & modules_loaded_by(*words)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("re", ["replay", "report"]),
        ("run lenet-di", ["lenet-digits"]),
        ("run tour --budget short degr", ["degradation"]),
        ("show resnet-1", ["resnet-110"]),
        ("claims perceptron", ["perceptron-limits"]),
        ("run ./mine", []),  # the shell completes the names of files
    ],
)
def test_the_shell_completes_verbs_and_names_and_loads_nothing_heavy(words, said):
    words = ["dlbench", *words.split()]
    asked = {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1), "_DLBENCH_COMPLETE": "complete_bash"}
    code = (
        "import sys; sys.argv = ['dlbench']; from dlbench.cli import main\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **asked})
    assert done.stdout.split() == said
    assert not HEAVY & set(done.stderr.split())


@pytest.mark.parametrize("name", cli.VERBS)
def test_a_verb_can_be_called_and_help_shows_the_first_sentence_of_its_own(name):
    help = CliRunner().invoke(cli.app, [name, "--help"])
    assert help.exit_code == 0, help.output
    whole = " ".join((cli.command(name).help or "").split())
    assert cli.VERBS[name] == whole.split(". ")[0].rstrip(".") + "."


def test_a_verb_s_module_is_imported_when_it_is_called_and_no_other():
    beside = {"__init__", "options", "calling", "checkups", "timed", "torchrun"}
    files = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - beside
    assert files == {cli.SHARED.get(name, name) for name in cli.VERBS}
    for words, needed in ((["--help"], set()), (["list"], {"list"}), (["data", "path"], {"data"})):
        assert {f"dlbench.cli.{file}" for file in files} & modules_loaded_by(*words) == {
            f"dlbench.cli.{file}" for file in needed
        }


def test_what_may_be_accepted_is_what_may_have_changed():
    assert tuple(options.Change) == standing.KINDS


def test_list_names_every_recipe_and_study_one_a_line_when_piped():
    listed = dlbench("list").stdout.splitlines()
    names = [line.split("\t")[0] for line in listed]
    for name in (
        "perceptron",
        "mlp-xor",
        "lenet-mnist",
        "alexnet",
        "alexnet-cifar",
        "resnet-110",
        "hog-svm-cifar",
        "degradation",
        "tour",
    ):
        assert name in names
    assert names.index("resnet-20") < names.index("resnet-110")
    assert "\x1b" not in "".join(listed)


def test_what_is_listed_is_what_the_files_come_to():
    """The listing reads each file unchecked; loading reads, extends and checks all of it."""
    rows = [tuple(line.split("\t")) for line in dlbench("list", "recipes").stdout.splitlines()]
    loaded = [recipe.load(name, "full") for name, *_ in rows]
    assert rows == [(each.name, each.title, each.source) for each in loaded]
    assert [name for name, *_ in rows] == list(catalog.recipes())
    rows = [tuple(line.split("\t")) for line in dlbench("list", "studies").stdout.splitlines()]
    found = [study.load(name) for name in catalog.studies()]
    assert rows == [(each.name, each.title, ", ".join(each.recipes or each.studies)) for each in found]


@pytest.mark.parametrize(
    ("what", "names"),
    [
        ("datasets", parts.names("data")), ("models", parts.names("model")), ("rules", parts.names("training")),
        ("scores", parts.names("score")), ("pictures", parts.names("pictures")), ("devices", ["cpu"]),
    ],
)  # fmt: skip
def test_everything_listed_is_listed(what, names):
    done = dlbench("list", what)
    assert done.returncode == 0
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert set(names) <= {row[0] for row in rows}
    assert all(row[1] for row in rows)


def test_the_list_is_by_study_with_a_first_hour_on_top():
    names = [line.split("\t")[0] for line in dlbench("list").stdout.splitlines()]
    assert sorted(names) == sorted([*catalog.recipes(), *catalog.studies()])  # each once
    assert tuple(names[:5]) == listing.FIRST_HOUR
    below = {name: names.index(name) for name in study.course("lecture")[3].recipes if name not in listing.FIRST_HOUR}
    assert set(below.values()) == set(range(min(below.values()), min(below.values()) + len(below)))
    assert names[min(below.values()) - 1] == study.course("lecture")[3].name


def test_a_first_hour_needs_no_download():
    for name in listing.FIRST_HOUR:
        data = recipe.load(name).data
        assert sources.read_for(data.name, data.arguments) not in sources.DATASETS or sources.available(
            sources.read_for(data.name, data.arguments), Path("/nowhere")
        )


def test_on_a_terminal_a_study_that_shares_recipes_names_them(monkeypatch, capsys):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    listing.show("")
    told = re.sub(r"\x1b\[\d*m", "", capsys.readouterr().out)
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert lines[0] == "For a first hour, without any download"
    assert lines[6:8] == ["", "gates What a neuron of 1943 computes, and what no single unit can"]
    assert "as above perceptron, perceptron-or, perceptron-not, perceptron-xor, mlp-xor" in lines
    assert lines[-1].startswith("dlbench list recipes, studies, datasets")


def test_show_prints_the_card_with_counted_and_published_figures():
    shown = dlbench("show", "lenet-mnist").stdout
    assert "48,120" in shown  # C5, LeCun et al. 1998
    assert shown.count("61,706") == 2  # counted, and published
    assert "6 x 28 x 28" in shown
    assert "plain-56" in dlbench("show", "degradation").stdout


def test_version_and_module_call():
    assert dlbench("--version").stdout.strip() == f"dlbench {__version__}"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "lenet-mnits"], "did you mean 'lenet-mnist'"),
        (["run", "lenet-digits", "--set", "training.lrr=1"], "unknown key 'lrr' (did you mean 'lr'?)"),
        (["run", "lenet-digits", "--set", "training.lr=fast"], "training: lr"),
        (["run", "lenet-digits", "--device", "cuda:77"], "cuda:77: not on this machine"),
        (["run", "lenet-digits", "--seeds", "x"], "--seeds x"),
        (["run", "resnet-20", "--budget", "smoke"], "dlbench data get cifar10"),
        (["run", "none.yaml"], "none.yaml: no such file"),
        (["run", "lenet-digits", "--out", "file/results"], "cannot write results"),
        (["report", "degradation"], "no such results folder"),
        (["report", "degradation", "--results", "."], "no runs of it"),
        (["data", "get", "cifar11"], "did you mean 'cifar10'"),
        (["data", "path", "cifar10"], "dlbench data get cifar10"),
        (["show", "nope"], "unknown recipe or study"),
    ],
)
def test_bad_input_is_one_line_exit_code_2_and_leaves_nothing(tmp_path, words, said):
    (tmp_path / "file").touch()
    done = dlbench(*words)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.rglob("*.jsonl"))


def test_a_run_ends_in_a_table_and_a_second_call_runs_nothing(tmp_path):
    recipe = own.write(tmp_path, "plain")
    done = dlbench("run", recipe, "--seeds", "0,1")
    assert done.returncode == 0, done.stderr
    assert "2 finished" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert "test error" in done.stdout
    again = dlbench("run", recipe, "--seeds", "0,1")
    assert "2 finished before" in again.stderr
    assert again.stdout == done.stdout


def test_json_is_the_runs_and_nothing_else_on_standard_output(tmp_path):
    done = dlbench("run", own.write(tmp_path, "plain"), "--json")
    rows = json.loads(done.stdout)
    assert [(row["recipe"], row["status"]) for row in rows] == [("plain", "finished")]
    assert 0 <= rows[0]["test_error_percent"] <= 100


def test_a_dry_run_writes_nothing(tmp_path):
    done = dlbench("run", "lenet-digits", "--seeds", "0-2", "--dry-run")
    assert done.returncode == 0
    *trials, total = done.stdout.splitlines()
    assert len(trials) == 3
    assert total.startswith("3 to run: ")
    assert not list(tmp_path.iterdir())


def test_a_failed_trial_is_exit_code_3_and_the_rest_is_reported(tmp_path):
    done = dlbench("run", own.write(tmp_path, "raising"), own.write(tmp_path, "plain"))
    assert done.returncode == 3
    assert "RuntimeError: out of luck" in done.stderr
    assert "1 failed, 1 finished" in done.stderr


def test_a_diverged_trial_is_exit_code_3_and_keeps_its_run_file(tmp_path):
    done = dlbench("run", own.write(tmp_path, "plain"), "--set", "training.lr=1e38")
    assert done.returncode == 3
    assert "1 diverged" in done.stderr
    (path,) = (tmp_path / "results").rglob("*.jsonl")
    assert json.loads(path.read_text().splitlines()[-1])["status"] == "diverged"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_orphan_and_says_how_to_go_on(tmp_path, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "dlbench", "run", own.write(tmp_path, "slow")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    folder = tmp_path / "results" / "slow"
    while not (folder.exists() and any("lap" in path.read_text() for path in folder.iterdir())):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.1)
    workers = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on" in said
    assert not [w for w in workers if w.is_running() and w.status() != psutil.STATUS_ZOMBIE]


def test_a_worker_does_not_outlive_a_parent_that_was_killed(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "dlbench", "run", own.write(tmp_path, "slow")], stderr=subprocess.DEVNULL
    )
    folder = tmp_path / "results" / "slow"
    while not (folder.exists() and any("lap" in path.read_text() for path in folder.iterdir())):
        assert process.poll() is None
        time.sleep(0.1)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert not alive


def test_report_writes_every_format_and_a_figure_from_the_same_runs(tmp_path):
    assert dlbench("run", "xor", "--budget", "smoke", "--seeds", "0,1").returncode == 0
    for format in ("terminal", "markdown", "csv", "latex", "json"):
        done = dlbench("report", "xor", "--format", format, "-o", f"report.{format}")
        assert done.returncode == 0, done.stderr
        assert "perceptron-xor" in Path(f"report.{format}").read_text()
    assert dlbench("report", "xor", "--figure", "xor.svg").returncode == 0
    assert Path("xor.svg").read_text().lstrip().startswith("<?xml")
    assert "should end in" in dlbench("report", "xor", "--figure", "xor.bmp").stderr


def test_from_python(tmp_path):
    import dlbench as package

    frame = package.run(own.write(tmp_path, "plain"), seeds=[0, 1])
    assert list(frame["seed"]) == [0, 1]
    assert list(frame["status"]) == ["finished", "finished"]
    assert list(package.load("results")["path"]) == list(frame["path"])
