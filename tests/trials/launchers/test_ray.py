"""On a real Ray cluster: a head that takes no work, and two nodes that do."""

import os
import shutil
import signal
from pathlib import Path

import psutil
import pytest
from faults import suite
from trials.launchers import nodes
from trials.launchers.nodes import dlbench, ended, until

from dlbench import exits
from dlbench.records import store
from dlbench.trials import plan
from dlbench.trials.workers import checkpoint_file, locking, runfile

ONE, OTHER, STRANGER = "127.0.0.3", "127.0.0.4", "127.0.0.5"
ROOT = Path(__file__).parents[3]

pytest.importorskip("ray")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Its nodes keep a checkpoint at every lap."""
    folder = tmp_path_factory.mktemp("cluster")
    environment = {
        "DLBENCH_CHECKPOINT_SECONDS": "0", "DLBENCH_DATA": str(folder / "no-data"), "PYTHONPATH": str(ROOT),
        "RAY_health_check_period_ms": "500", "RAY_health_check_failure_threshold": "3",
        "RAY_AUTH_MODE": "disabled", "RAY_worker_niceness": "0",
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        with nodes.cluster(folder, ONE, OTHER) as running:
            yield running


def run(cluster, recipe, *words):
    """The program that runs a recipe on the cluster, one thread a trial."""
    return dlbench("run", recipe, "--device", "cpu", "--threads", "1", *words, RAY_ADDRESS=cluster.address)


def undisturbed(recipe, seeds, out):
    """What becomes of these seeds in this very process."""
    trials = plan.trials([recipe], device="cpu", seeds=seeds, threads=1)
    for trial in trials:
        suite.learn([trial], out)
    return [suite.results(trial.path(out)) for trial in trials]


def test_no_trial_is_lost_or_doubled_and_each_learns_as_at_home(cluster, tmp_path):
    recipe = nodes.write(tmp_path)
    code, said = ended(run(cluster, recipe, "--seeds", "0-9", "--on", "auto"))
    assert code == 0, said
    assert "10 trials: 10 finished" in said
    trials = plan.trials([recipe], device="cpu", seeds=range(10), threads=1)
    assert sorted(Path("results").rglob("*.*")) == sorted(trial.path(Path("results")) for trial in trials)
    kinds = [event["event"] for trial in trials for event in suite.events(trial.path(Path("results")))]
    assert (kinds.count("start"), kinds.count("end")) == (10, 10)
    assert [suite.results(t.path(Path("results"))) for t in trials[:2]] == undisturbed(
        recipe, [0, 1], tmp_path / "home"
    )
    code, said = ended(run(cluster, recipe, "--seeds", "0-9"))  # at home: all is there
    assert "10 trials: 10 finished before" in said


def test_a_trial_whose_node_dies_goes_on_at_another_one(cluster, tmp_path):
    recipe = nodes.write(tmp_path, seconds=0.4)
    [trial] = plan.trials([recipe], device="cpu", seeds=[0], threads=1)
    path = trial.path(Path("results"))
    running = run(cluster, recipe, "--seeds", "0", "--on", "auto")
    until(lambda: running.poll() is not None or (checkpoint_file.steps(path) or 0) >= 6)
    [node] = cluster.at_work()
    cluster.kill(node)
    code, said = ended(running)
    assert code == 0, said
    assert "lost its node, is given another one" in said
    assert [event["event"] for event in suite.events(path)].count("resumed") == 1
    assert [suite.results(path)] == undisturbed(recipe, [0], tmp_path / "home")
    assert list(Path("results").rglob("*.*")) == [path]
    cluster.start(node)
    cluster.wait(3)


def test_ctrl_c_ends_what_runs_and_home_goes_on_with_it(cluster, tmp_path):
    recipe = nodes.write(tmp_path, seconds=0.4)
    [trial] = plan.trials([recipe], device="cpu", seeds=[0], threads=1)
    path = trial.path(Path("results"))
    running = run(cluster, recipe, "--seeds", "0", "--on", f"ray://{cluster.client}")
    until(lambda: running.poll() is not None or (checkpoint_file.steps(path) or 0) >= 2)
    assert locking.is_locked(runfile.lock_path(trial, Path("results")))  # nobody else runs what is away
    os.kill(running.pid, signal.SIGINT)
    code, said = ended(running, 60)
    assert code == exits.INTERRUPTED, said
    assert "continues after step" in said
    assert store.status(path) == "interrupted"
    until(lambda: not cluster.at_work(), 30)
    code, said = ended(run(cluster, recipe, "--seeds", "0"))
    assert code == 0, said
    assert [event["event"] for event in suite.events(path)].count("resumed") == 1
    assert [suite.results(path)] == undisturbed(recipe, [0], tmp_path / "home")


def test_when_the_caller_is_killed_nothing_lives_on(cluster, tmp_path):
    running = run(cluster, nodes.write(tmp_path, seconds=0.4), "--on", "auto")
    until(lambda: running.poll() is not None or cluster.at_work())
    running.kill()
    ended(running)
    until(lambda: not cluster.at_work(), 60)


def test_one_that_fails_costs_itself_alone_and_a_timeout_holds(cluster, tmp_path):
    recipe, failing = nodes.write(tmp_path), nodes.write_failing(tmp_path)
    late = tmp_path / "late.yaml"
    late.write_text(Path(recipe).read_text().replace("seconds: 0.0", "seconds: 60"))
    words = [failing, str(late), "--seeds", "0", "--timeout", "30", "--on", "auto"]
    code, said = ended(run(cluster, recipe, *words))
    assert code == exits.FAILED
    assert "3 trials: 1 finished, 1 failed, 1 timeout" in said


def refused(process):
    """The line with which the program refuses; nothing is left behind."""
    code, said = ended(process)
    assert code == exits.USAGE, said
    assert not Path("results").exists() or not list(Path("results").iterdir())
    [line] = said.splitlines()
    return line


def test_what_cannot_run_there_is_refused_in_a_line(cluster):
    assert "mnist: not in " in (line := refused(run(cluster, "lenet-mnist", "--on", "auto")))
    assert "node 127.0.0." in line
    line = refused(dlbench("run", "mlp-xor", "--threads", "9", "--on", "auto", RAY_ADDRESS=cluster.address))
    assert line.startswith("dlbench: --threads 9: node 127.0.0.")
    line = refused(dlbench("run", "mlp-xor", "--device", "cuda", "--on", "auto", RAY_ADDRESS=cluster.address))
    assert line == f"dlbench: --device cuda: no GPU at node {ONE}, node {OTHER}"


@pytest.mark.parametrize("address", ["ray://127.0.0.1:1", "ray://nowhere", "auto", "moon"])
def test_a_cluster_that_is_not_there_is_named(address):
    line = refused(dlbench("run", "mlp-xor", "--on", address, RAY_ADDRESS="127.0.0.1:1"))
    assert line.startswith(f"dlbench: --on {address}: ")


@pytest.mark.parametrize("has_it", [True, False])
def test_a_node_with_another_dlbench_or_none_is_named(cluster, tmp_path, has_it):
    (tmp_path / "other").mkdir()
    if has_it:
        shutil.copytree(ROOT / "dlbench", tmp_path / "other" / "dlbench", ignore=shutil.ignore_patterns("__pycache__"))
        with (tmp_path / "other" / "dlbench" / "models" / "mlp.py").open("a") as file:
            file.write("\nOTHER = True\n")
    else:
        (tmp_path / "other" / "dlbench").mkdir()
        (tmp_path / "other" / "dlbench" / "__init__.py").touch()
    cluster.start(STRANGER, PYTHONPATH=str(tmp_path / "other"))
    try:
        cluster.wait(4)
        line = refused(run(cluster, "mlp-xor", "--on", "auto"))
    finally:
        cluster.kill(STRANGER)
        cluster.wait(3)
    assert line.startswith(f"dlbench: node {STRANGER}: has ")
    assert ("dlbench's code" if has_it else "no dlbench") in line


def test_what_is_started_here_listens_to_this_machine_alone(tmp_path):
    running = dlbench("run", nodes.write(tmp_path, seconds=0.4), "--device", "cpu", "--threads", "1", "--on", "ray")
    root = psutil.Process(running.pid)
    until(lambda: running.poll() is not None or nodes.running(root))
    family = [root, *root.children(recursive=True)]
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in family
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    running.kill()
    ended(running)
    assert not psutil.wait_procs(family, timeout=180)[1]
