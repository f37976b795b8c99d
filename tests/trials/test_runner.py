import json
import os
import signal
import threading
from pathlib import Path

import own
import psutil
import pytest

from dlbench.errors import InputError
from dlbench.records import store
from dlbench.records.events import End, line
from dlbench.trials import plan, runner
from dlbench.trials.launchers import local


def trials(tmp_path, *models, **options):
    return plan.trials([own.write(tmp_path, model) for model in models], device="cpu", **options)


def no_worker_is_left():
    """Of dlbench's own: a compiler's helpers, started by an earlier test, live as long as pytest."""
    alive = [p for p in psutil.Process(os.getpid()).children(recursive=True) if p.status() != "zombie"]
    return not any("dlbench.trials.workers.trials" in p.cmdline() for p in alive)


def last_line(path):
    return json.loads(path.read_text().splitlines()[-1])


def test_what_is_finished_is_skipped_and_the_rest_is_run(tmp_path):
    out = tmp_path / "results"
    seen = []
    first = runner.run(trials(tmp_path, "plain", seeds=[0]), out)
    second = runner.run(
        trials(tmp_path, "plain", seeds=[0, 1]), out, watch=lambda t, e: seen.append((t[0].seed, e.kind))
    )
    assert [(o.trial.seed, o.status, o.new) for o in first] == [(0, "finished", True)]
    assert [(o.trial.seed, o.status, o.new) for o in second] == [(0, "finished", False), (1, "finished", True)]
    assert {seed for seed, _ in seen} == {1}
    again = runner.run(trials(tmp_path, "plain", seeds=[0]), out, fresh=True)
    assert again[0].new


def test_a_trial_that_fails_or_dies_says_so_and_the_others_go_on(tmp_path):
    out = tmp_path / "results"
    outcomes = {o.trial.recipe.name: o for o in runner.run(trials(tmp_path, "raising", "killed", "plain"), out)}
    assert outcomes["plain"].status == "finished"
    assert (outcomes["raising"].status, outcomes["killed"].status) == ("failed", "killed")
    assert outcomes["raising"].message == "RuntimeError: out of luck"
    assert "killed by signal 9" in outcomes["killed"].message
    end = last_line(outcomes["raising"].path)
    assert "raise RuntimeError" in end["traceback"]
    assert last_line(outcomes["killed"].path)["status"] == "killed"
    frame = store.load(out)
    assert sorted(frame["status"]) == ["failed", "finished", "killed"]
    assert frame.attrs["warnings"] == []


def test_an_unfinished_run_is_run_again(tmp_path):
    out = tmp_path / "results"
    path = runner.run(trials(tmp_path, "plain"), out)[0].path
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:3]) + '\n{"event": "lap", "st')
    assert store.status(path) == "unfinished"
    assert runner.run(trials(tmp_path, "plain"), out)[0].new
    assert store.status(path) == "finished"


def test_ctrl_c_ends_the_worker_and_says_what_was_under_way(tmp_path):
    out = tmp_path / "results"

    def interrupt(_, event):
        if event.kind == "lap":
            raise KeyboardInterrupt

    with pytest.raises(runner.Interrupted) as caught:
        runner.run(
            trials(tmp_path, "plain", "slow", "raising"),
            out,
            watch=lambda t, e: interrupt(t, e) if t[0].recipe.name == "slow" else None,
        )
    ended = [(o.trial.recipe.name, o.status) for o in caught.value.outcomes]
    assert ended == [("plain", "finished"), ("slow", "interrupted")]
    slow = next(Path(out / "slow").iterdir())
    assert store.status(slow) == "interrupted"
    assert no_worker_is_left()


def test_a_worker_that_dies_under_one_of_its_trials_costs_only_that_one(tmp_path):
    out = tmp_path / "results"
    chosen = plan.trials([own.write(tmp_path, "killed_at_seed_1", "together: worker\n")], device="cpu", seeds=range(4))
    outcomes = runner.run(chosen, out)
    assert [(o.trial.seed, o.status) for o in outcomes] == [
        (0, "finished"), (1, "killed"), (2, "finished"), (3, "finished"),
    ]  # fmt: skip
    assert {p.stem[:11] for p in (out / "killed_at_seed_1").iterdir()} == {f"short-seed{s}" for s in range(4)}


def test_missing_data_refuse_before_anything_is_written(tmp_path):
    out = tmp_path / "results"
    for name, data in (("resnet-20", "cifar10"), ("autoencoder-pretrained", "mnist"), ("sigmoid-mnist", "mnist")):
        chosen = plan.trials(["lenet-digits", name], device="cpu", budget="short")
        with pytest.raises(InputError, match=f"dlbench data get {data}") as caught:
            runner.run(chosen, out)
        assert "no-data" in str(caught.value)
        assert not list(out.rglob("*.jsonl"))


def test_a_worker_refuses_what_only_it_can_see_and_leaves_no_file(tmp_path):
    out = tmp_path / "results"
    chosen = plan.trials(["lenet-digits"], device="cpu", settings=["data.train_examples=9999"])
    with pytest.raises(InputError, match="9999 asked for"):
        runner.run(chosen, out)
    assert not list(out.rglob("*.jsonl"))


def test_a_results_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot write results"):
        runner.run(trials(tmp_path, "plain"), tmp_path / "file" / "results")


def test_seeds_that_learn_together_share_a_worker_and_each_has_a_file(tmp_path):
    out = tmp_path / "results"
    started = []
    chosen = plan.trials(["mlp-xor"], device="cpu", budget="smoke", seeds=range(6))
    outcomes = runner.run(chosen, out, watch=lambda t, e: started.append(len(t)) if e.kind == "started" else None)
    assert started == [6]
    frame = store.load(out)
    assert sorted(frame["seed"]) == list(range(6))
    assert len({o.path for o in outcomes}) == 6
    assert frame["train_loss"].nunique() > 1 if "train_loss" in frame else frame["train_right"].between(0, 4).all()


def side_by_side(folder, models, jobs=2, **options):
    return trials(folder, *models, jobs=jobs, threads=1, **options)


def at_most(seen):
    """How many trials were under way at once."""
    counts, running = [], set()
    for seed, event in seen:
        if event == "started":
            running.add(seed)
        elif event == "end":
            running.remove(seed)
        counts.append(len(running))
    return max(counts)


def test_side_by_side_learns_the_same_as_one_after_another_in_the_order_of_the_plan(tmp_path):
    seen, digests = {1: [], 2: []}, {}
    for jobs, events in seen.items():
        chosen = side_by_side(tmp_path, ["slow"], jobs, seeds=[1], settings=["training.steps=3"])
        chosen += side_by_side(tmp_path, ["plain"], jobs, seeds=[0])
        outcomes = runner.run(
            chosen, tmp_path / "out", watch=lambda t, e, events=events: events.append((t[0].seed, e.kind))
        )
        assert [o.trial for o in outcomes] == chosen
        assert {(o.status, o.new) for o in outcomes} == {("finished", True)}  # jobs tells them apart
        digests[jobs] = [last_line(o.path)["weights_digest"] for o in outcomes]
    assert digests[1] == digests[2]
    assert len(set(digests[2])) == 2
    assert (at_most(seen[1]), at_most(seen[2])) == (1, 2)


def test_one_that_dies_does_not_touch_the_one_beside_it(tmp_path):
    outcomes = runner.run(side_by_side(tmp_path, ["killed", "plain", "raising"]), tmp_path / "out")
    assert [(o.trial.recipe.name, o.status) for o in outcomes] == [
        ("killed", "killed"), ("plain", "finished"), ("raising", "failed"),
    ]  # fmt: skip


def test_a_second_ctrl_c_kills_a_worker_that_does_not_heed_the_first(tmp_path):
    def interrupt(trials, event):
        if event.kind == "lap":
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
            raise KeyboardInterrupt

    with pytest.raises(runner.Interrupted):
        runner.run(side_by_side(tmp_path, ["deaf"], seeds=[0]), tmp_path / "out", watch=interrupt)
    assert no_worker_is_left()


def test_ctrl_c_ends_all_workers_and_keeps_the_checkpoint_of_each(tmp_path, monkeypatch):
    monkeypatch.setenv("DLBENCH_CHECKPOINT_SECONDS", "0")
    stepped = set()

    def interrupt(trials, event):
        if event.kind == "lap" and event.step > 2:
            stepped.add(trials[0].seed)
            if len(stepped) == 2:
                raise KeyboardInterrupt

    with pytest.raises(runner.Interrupted) as caught:
        runner.run(side_by_side(tmp_path, ["slow"], seeds=[0, 1, 2]), tmp_path / "out", watch=interrupt)
    outcomes = caught.value.outcomes
    assert [(o.trial.seed, o.status) for o in outcomes] == [(0, "interrupted"), (1, "interrupted")]
    assert all(o.continues_at for o in outcomes)
    assert [store.status(o.path) for o in outcomes] == ["interrupted"] * 2
    assert no_worker_is_left()


DEAF = """

def deaf() -> nn.Module:
    def trouble():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(0.2)
    return Trouble(trouble)
"""


def test_ctrl_c_kills_those_that_do_not_listen_all_after_the_same_grace(tmp_path, monkeypatch):
    monkeypatch.setattr(local, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(own, "NETS", own.NETS + DEAF)
    chosen = side_by_side(tmp_path, ["deaf"], seeds=[0, 1], settings=["training.steps=1000"])
    deaf = set()

    def interrupt(trials, event):
        if event.kind == "lap":
            deaf.add(trials[0].seed)
            if len(deaf) == 2:
                raise KeyboardInterrupt

    with pytest.raises(runner.Interrupted) as caught:
        runner.run(chosen, tmp_path / "out", watch=interrupt)
    assert [(o.trial.seed, o.status) for o in caught.value.outcomes] == [(0, "interrupted"), (1, "interrupted")]
    assert [store.status(o.path) for o in caught.value.outcomes] == ["interrupted"] * 2
    assert no_worker_is_left()


def test_a_worker_that_refuses_ends_the_call_when_the_others_have_been_stopped(tmp_path):
    out = tmp_path / "out"
    chosen = side_by_side(tmp_path, ["slow"], settings=["training.steps=200"])
    chosen += plan.trials(["lenet-digits"], device="cpu", settings=["data.train_examples=9999"], threads=1, jobs=2)
    with pytest.raises(InputError, match="9999 asked for"):
        runner.run(chosen, out)
    assert store.status(chosen[0].path(out)) == "interrupted"
    assert not chosen[1].path(out).exists()
    assert no_worker_is_left()


def test_each_of_several_has_a_timeout_of_its_own(tmp_path):
    chosen = side_by_side(tmp_path, ["slow"], seeds=[0, 1, 2], settings=["training.steps=1000"])
    outcomes = runner.run(chosen, tmp_path / "out", timeout=0.5)
    assert [(o.trial.seed, o.status) for o in outcomes] == [(0, "timeout"), (1, "timeout"), (2, "timeout")]
    assert no_worker_is_left()


def test_a_seed_whose_code_changed_while_it_waited_is_refused_by_name(tmp_path):
    def edit(_, event):
        if event.kind == "end":
            (tmp_path / "nets.py").write_text(own.NETS.replace("nn.Flatten()", "nn.Flatten(1)"))

    out = tmp_path / "results"
    outcomes = runner.run(trials(tmp_path, "plain", seeds=[0, 1]), out, watch=edit)
    assert [outcome.status for outcome in outcomes] == ["finished", "refused"]
    assert outcomes[1].message == "nets.py changed since this run was planned"
    assert not outcomes[1].path.exists()
    [before] = {json.loads(path.read_text().splitlines()[0])["code"]["digest"] for path in out.rglob("*.jsonl")}
    again = runner.run(plan.trials([str(tmp_path / "plain.yaml")], device="cpu", seeds=[0, 1]), out)
    assert [(outcome.status, outcome.new) for outcome in again] == [("finished", True)] * 2
    assert before not in {json.loads(o.path.read_text().splitlines()[0])["code"]["digest"] for o in again}


def test_what_was_there_before_is_not_what_became_of_a_trial_that_was_killed(tmp_path):
    [chosen] = trials(tmp_path, "killed")
    path = chosen.path(tmp_path / "results")
    path.parent.mkdir(parents=True)
    path.write_text("".join(map(line, (chosen.start(), End("finished", "")))))
    (tmp_path / "nets.py").write_text(own.NETS + "os.kill(os.getpid(), 9) if __name__ != '__main__' else None\n")
    [outcome] = runner.run([chosen], tmp_path / "results", fresh=True)
    assert (outcome.status, outcome.new) == ("killed", True)


def test_what_is_imported_only_when_it_is_called_is_found_and_counts(tmp_path):
    path = own.write(tmp_path, "plain")
    late = own.NETS.replace("def plain() -> nn.Module:\n", "def plain() -> nn.Module:\n    import importlib; ")
    (tmp_path / "nets.py").write_text(late.replace('"""One layer."""', 'importlib.import_module("la" + "te")'))
    (tmp_path / "late.py").write_text("A = 1\n")
    [first] = runner.run(plan.trials([path], device="cpu", seeds=[0]), tmp_path / "out")
    assert first.status == "finished", first.message
    assert "late.py" in json.loads(first.path.read_text().splitlines()[0])["code"]["files"]
    assert not runner.run(plan.trials([path], device="cpu", seeds=[0]), tmp_path / "out")[0].new
    (tmp_path / "late.py").write_text("A = 2\n")
    assert runner.run(plan.trials([path], device="cpu", seeds=[0]), tmp_path / "out")[0].new


def test_a_callable_object_is_a_model(tmp_path):
    path = own.write(tmp_path, "plain")
    maker = (
        "\nclass Maker:\n    def __call__(self, *, bias: bool) -> nn.Module:\n        return plain()\nmaker = Maker()\n"
    )
    (tmp_path / "nets.py").write_text(own.NETS + maker)
    Path(path).write_text(Path(path).read_text().replace("nets.plain", "nets.maker, bias: true"))
    [outcome] = runner.run(plan.trials([path], device="cpu", seeds=[0]), tmp_path / "out")
    assert outcome.status == "finished", outcome.message
