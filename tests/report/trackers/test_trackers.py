"""Exports to trackers, read back by the trackers' own programs."""

import socket
import struct
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from faults import suite

from dlbench.cli import export
from dlbench.errors import InputError
from dlbench.records import groups, store
from dlbench.report import trackers


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two seeds of one recipe."""
    folder = tmp_path_factory.mktemp("runs")
    suite.learn(suite.trials(folder, seeds=(0, 1)), folder / "out")
    return folder / "out"


@pytest.fixture(scope="module")
def histories(results):
    return list(trackers.histories(groups.groups(store.load(results))))


def test_a_history_is_what_the_run_file_says(results, histories):
    assert [history.seed for history in histories] == [0, 1]
    assert len({history.group for history in histories}) == 1
    for history, path in zip(histories, sorted(results.rglob("*.jsonl")), strict=True):
        events = suite.events(path)
        assert history.key == f"dropout/{path.stem}"
        assert [point.values["loss"] for point in history.points if "loss" in point.values] == [
            event["loss"] for event in events if event["event"] == "lap"
        ]
        (final,) = (event["metrics"] for event in events if event["event"] == "score" and event["final"])
        assert final.items() <= history.final.items()
        assert history.points[-1].seconds == pytest.approx(history.final["training_seconds"])
        assert history.settings["training.lr"] == 0.1
        assert history.settings["threads"] == 1


def test_tensorboard_reads_every_curve_and_a_second_export_adds_nothing(results, histories, tmp_path, capsys):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    export.export(results, to=("tensorboard", str(tmp_path)))
    assert "2 of 2 finished runs added" in capsys.readouterr().out
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for history in histories:
        read = EventAccumulator(str(tmp_path / history.key)).Reload()
        for name in ("loss", "test_error_percent"):
            expected = [(point.step, point.values[name]) for point in history.points if name in point.values]
            scalars = read.Scalars(name)
            assert [scalar.step for scalar in scalars] == [step for step, _ in expected]
            assert [scalar.value for scalar in scalars] == pytest.approx([value for _, value in expected], rel=1e-6)
            assert scalars[0].wall_time == pytest.approx(history.began, abs=60)
        (final,) = read.Scalars("final/test_error_percent")
        assert final.value == pytest.approx(history.final["test_error_percent"])
    export.export(results, to=("tensorboard", str(tmp_path)))
    assert "0 of 2 finished runs added, the others were there" in capsys.readouterr().out
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_wandb_keeps_offline_runs_with_their_group(results, histories, tmp_path):
    from wandb.proto.wandb_internal_pb2 import Record

    assert len(list(trackers.write("wandb", histories, str(tmp_path)))) == 2
    assert list(trackers.write("wandb", histories, str(tmp_path))) == []
    read = {}
    for path in tmp_path.glob("wandb/offline-run-*/*.wandb"):
        records = [Record.FromString(data) for data in _logged(path.read_bytes())]
        run = next(record.run for record in records if record.HasField("run"))
        rows = [{"/".join(item.nested_key) or item.key: item.value_json for item in r.history.item} for r in records]
        read[run.display_name] = (run.run_group, [float(row["loss"]) for row in rows if "loss" in row])
    losses = {h.key: [point.values["loss"] for point in h.points if "loss" in point.values] for h in histories}
    assert read == {h.key: (h.group, pytest.approx(losses[h.key])) for h in histories}


def _logged(content):
    """The records of a file in the log format of LevelDB, behind a header of seven bytes."""
    place, record = 7, b""
    while place + 7 <= len(content):
        if (left := -place % 32768) < 7:  # a block's rest that no record fits in
            place += left
        length, kind = struct.unpack_from("<HB", content, place + 4)
        record += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or its last part
            yield record
            record = b""


@pytest.mark.slow
def test_an_mlflow_server_has_every_run_once_even_after_one_was_left_half_written(results, histories, tmp_path):
    from mlflow import MlflowClient

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = f"http://127.0.0.1:{port}"
    words = ["--backend-store-uri", f"sqlite:///{tmp_path}/m.db", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--artifacts-destination", str(tmp_path), "--workers", "1"]
    server = subprocess.Popen([sys.executable, "-m", "mlflow", "server", *words], cwd=tmp_path, start_new_session=True)
    try:
        _wait_for(f"{place}/health", server)
        client = MlflowClient(place)
        experiment = client.create_experiment("dropout")
        client.create_run(experiment, tags={"dlbench.key": histories[0].key})  # as after Ctrl-C
        assert len(list(trackers.write("mlflow", histories, place))) == 2
        assert list(trackers.write("mlflow", histories, place)) == []
        runs = {run.data.tags["dlbench.key"]: run for run in client.search_runs([experiment])}
        assert runs.keys() == {history.key for history in histories}
        for history in histories:
            run = runs[history.key]
            assert run.data.params["training.lr"] == "0.1"
            assert run.data.tags["dlbench.group"] == history.group
            assert run.data.metrics["final.test_error_percent"] == history.final["test_error_percent"]
            losses = client.get_metric_history(run.info.run_id, "loss")
            expected = {point.step: point.values["loss"] for point in history.points if "loss" in point.values}
            assert {loss.step: loss.value for loss in losses} == pytest.approx(expected)
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(address, server):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert server.poll() is None
        try:
            return urllib.request.urlopen(address, timeout=5).read()
        except OSError:
            time.sleep(0.3)
    pytest.fail("the server did not start")


def test_what_is_wrong_is_one_line(results, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"--to tensorbord: no such target \(did you mean 'tensorboard'\?\)"):
        export.export(results, to=("tensorbord", "here"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no finished runs"):
        export.export(tmp_path / "empty", to=("tensorboard", "here"))
    (tmp_path / "file").write_text("precious")
    with pytest.raises(InputError, match="cannot be written"):
        export.export(results, to=("tensorboard", str(tmp_path / "file")))
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.delitem(sys.modules, "dlbench.report.trackers.wandb", raising=False)
    with pytest.raises(InputError, match=r"--to wandb: needs the package wandb; pip install 'dlbench\[wandb\]'"):
        export.export(results, to=("wandb", str(tmp_path)))
    assert (tmp_path / "file").read_text() == "precious"


@pytest.mark.slow
def test_a_server_that_is_not_there_is_one_line(results):
    with pytest.raises(InputError, match=r"^http://127.0.0.1:9: .*"):
        export.export(results, to=("mlflow", "http://127.0.0.1:9"))


def test_an_export_that_fails_half_way_leaves_no_half_run(histories, tmp_path):
    """A value that no tracker takes stands for whatever ends an export."""
    broken = [trackers.Point(1, 0.0, {"loss": "no number"}), *histories[0].points]
    first = next(iter(trackers.write("tensorboard", histories[1:], str(tmp_path))))
    assert first is histories[1]
    with pytest.raises(Exception, match="number"):
        list(trackers.write("tensorboard", [replace(histories[0], points=broken)], str(tmp_path)))
    folder = Path(tmp_path, "dropout")
    assert [path.name for path in folder.iterdir()] == [histories[1].key.rpartition("/")[2]]
