"""Real kernels: the notebooks of docs/ run from top to bottom, and an interrupt ends what a cell has started."""

from __future__ import annotations

import time
from pathlib import Path

import nbformat
import own
import psutil
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

import dlbench

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))
WAIT_SECONDS = 240
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # they train nets, on a machine that may do other work


@pytest.fixture
def kernel(tmp_path):
    """A kernel in the test's folder: its manager and its client."""
    manager, client = start_new_kernel(cwd=str(tmp_path))
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def outputs(client, request):
    """What a cell has put out, once it is done."""
    messages = []
    while True:
        message = client.get_iopub_msg(timeout=WAIT_SECONDS)
        if message["parent_header"].get("msg_id") == request:
            messages.append(message)
            if message["content"].get("execution_state") == "idle":
                return messages


def until(condition):
    """Wait for it."""
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_an_empty_folder(notebook, tmp_path):
    (tmp_path / "results").symlink_to(ROOT / "results")
    folder = tmp_path / "docs" / "notebooks"
    folder.mkdir(parents=True)
    content = nbformat.read(notebook, as_version=4)
    NotebookClient(content, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    written = [output for cell in content.cells for output in cell.get("outputs", [])]
    assert any('class="dlbench"' in output.get("data", {}).get("text/html", "") for output in written)
    assert not [output for output in written if output.get("name") == "stderr"]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(notebook):
    content = nbformat.read(notebook, as_version=4)
    nbformat.validate(content)
    cells = [cell for cell in content.cells if cell.cell_type == "code"]
    assert cells
    assert not any(cell.outputs or cell.execution_count for cell in cells)


def test_an_interrupted_kernel_keeps_what_is_finished_and_leaves_no_process(kernel, tmp_path):
    manager, client = kernel
    for model in ("plain", "slow"):
        own.write(tmp_path, model)
    call = 'dlbench.run("./plain.yaml", "./slow.yaml", seeds=[0], threads=1, device="cpu", out="out")'
    request = client.execute(f"import dlbench\n{call}")
    until(lambda: any('"lap"' in file.read_text() for file in tmp_path.glob("out/slow/*.jsonl")))
    workers = psutil.Process(manager.provisioner.pid).children(recursive=True)
    manager.interrupt_kernel()
    messages = outputs(client, request)
    assert workers
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    assert [message["content"]["ename"] for message in messages if message["msg_type"] == "error"] == [
        "KeyboardInterrupt"
    ]
    assert dict(dlbench.load("out")[["recipe", "status"]].itertuples(index=False)) == {
        "plain": "finished", "slow": "interrupted",
    }  # fmt: skip
    again = "".join(
        message["content"]["text"]
        for message in outputs(client, client.execute(call))
        if message["msg_type"] == "stream"
    )
    assert "skipped, finished before: 1 trial of plain" in again
    assert dlbench.load("out")["status"].tolist() == ["finished", "finished"]


def test_progress_moves_in_one_place_and_goes_when_training_is_over(kernel, tmp_path):
    _, client = kernel
    own.write(tmp_path, "slow")
    call = 'import dlbench\ndlbench.run("./slow.yaml", seeds=[0], threads=1, device="cpu", out="out")'
    messages = outputs(client, client.execute(call))
    drawn = [message["content"] for message in messages if message["msg_type"].endswith("display_data")]
    assert len({content["transient"]["display_id"] for content in drawn}) == 1
    assert any("examples/s" in content["data"]["text/plain"] for content in drawn)
    assert drawn[-1]["data"]["text/html"] == ""
    assert {message["content"]["name"] for message in messages if message["msg_type"] == "stream"} == {"stdout"}
    assert "\x1b" not in "".join(m["content"]["text"] for m in messages if m["msg_type"] == "stream")


def test_what_the_user_can_mend_is_one_line(kernel):
    _, client = kernel
    messages = outputs(client, client.execute('import dlbench\ndlbench.run("xor", seed=1)'))
    error = next(message["content"] for message in messages if message["msg_type"] == "error")
    assert error["traceback"] == ["InputError: run: unknown option 'seed' (did you mean 'seeds'?)"]
