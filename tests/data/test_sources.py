import gc
import gzip
import hashlib
import http.server
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import torchvision

from dlbench.data import fetching, sources
from dlbench.data.cifar10 import cifar10
from dlbench.data.cifar100 import cifar100
from dlbench.data.fashion_mnist import fashion_mnist
from dlbench.data.mnist import mnist
from dlbench.errors import InputError


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by name; breaks off after `cut_at` bytes, or waits after `stall_at`; counts what was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut_at: int | None = None
        self.stall_at: int | None = None
        self.stalled, self.resume = threading.Event(), threading.Event()
        self.requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet about clients that hang up: torchvision does, after it has looked for a redirect."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        content = self.server.files.get(self.path.removeprefix("/"))
        if content is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.stall_at is not None:
            self.wfile.write(content[: self.server.stall_at])
            self.server.stalled.set()
            self.server.resume.wait(120)
            return
        self.wfile.write(content[: self.server.cut_at])

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    with warnings.catch_warnings():  # torchvision keeps the errors of a download, and so their sockets, in cycles
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def cifar10_server(server: Server, monkeypatch: pytest.MonkeyPatch, tiny_cifar10) -> Server:
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", f"{server.url}cifar.tar.gz")
    server.files["cifar.tar.gz"] = tiny_cifar10.archive()
    return server


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_download_is_verified_moved_into_place_and_readable(cifar10_server: Server, tmp_path: Path) -> None:
    root = tmp_path / "not" / "there"
    assert fetching.get("cifar10", root) == root / "cifar-10-batches-py" == sources.path("cifar10", root)
    assert files_below(root) == {f"cifar-10-batches-py/{file}" for file in sources.DATASETS["cifar10"].files}
    assert len(cifar10(root).train) == 20


def test_what_is_there_is_not_downloaded_again(cifar10_server: Server, tmp_path: Path) -> None:
    fetching.get("cifar10", tmp_path)
    requests = cifar10_server.requests
    fetching.get("cifar10", tmp_path)
    assert cifar10_server.requests == requests > 0


def test_a_damaged_file_is_replaced(cifar10_server: Server, tmp_path: Path) -> None:
    fetching.get("cifar10", tmp_path)
    (tmp_path / "cifar-10-batches-py" / "data_batch_3").write_bytes(b"damaged")
    with pytest.raises(InputError):
        cifar10(tmp_path)
    fetching.get("cifar10", tmp_path)
    assert len(cifar10(tmp_path).train) == 20


def test_a_missing_file_is_completed(cifar10_server: Server, tmp_path: Path) -> None:
    fetching.get("cifar10", tmp_path)
    (tmp_path / "cifar-10-batches-py" / "batches.meta").unlink()
    with pytest.raises(InputError, match="dlbench data get cifar10"):
        cifar10(tmp_path)
    fetching.get("cifar10", tmp_path)
    assert len(cifar10(tmp_path).train) == 20


def refusal(name: str, root: Path) -> str:
    with pytest.raises(InputError) as caught:
        fetching.get(name, root)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(f"{name}: download failed (")
    assert f"dlbench data get {name}" in message
    assert "lenet-digits" in message
    return message


def test_a_cut_download_leaves_nothing_and_the_next_one_works(cifar10_server: Server, tmp_path: Path) -> None:
    cifar10_server.cut_at = 5000
    refusal("cifar10", tmp_path)
    assert everything_below(tmp_path) == set()
    cifar10_server.cut_at = None
    fetching.get("cifar10", tmp_path)
    assert len(cifar10(tmp_path).train) == 20


def test_a_download_with_the_wrong_checksum_leaves_nothing(
    cifar10_server: Server, tmp_path: Path, tiny_cifar10
) -> None:
    cifar10_server.files["cifar.tar.gz"] = tiny_cifar10.archive(test_batch=b"changed")
    refusal("cifar10", tmp_path)
    assert everything_below(tmp_path) == set()


def test_an_interrupted_download_leaves_nothing(
    cifar10_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(url: str, folder: Path, filename: str, md5: str) -> None:
        (folder / filename).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetching.get("cifar10", tmp_path)
    assert everything_below(tmp_path) == set()


def test_a_failed_download_leaves_what_was_there(cifar10_server: Server, tmp_path: Path) -> None:
    (tmp_path / "cifar-10-batches-py").mkdir()
    (tmp_path / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"damaged")
    cifar10_server.cut_at = 5000
    refusal("cifar10", tmp_path)
    assert files_below(tmp_path) == {"cifar-10-batches-py/data_batch_1"}


def test_a_server_that_has_not_got_it_or_is_not_there(
    cifar10_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cifar10_server.files.clear()
    assert "404" in refusal("cifar10", tmp_path)
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "url", "http://127.0.0.1:1/cifar.tar.gz")
    assert "refused" in refusal("cifar10", tmp_path)
    assert everything_below(tmp_path) == set()


@pytest.mark.parametrize(("name", "load"), [("mnist", mnist), ("fashion_mnist", fashion_mnist)])
def test_the_mnists_download_too(
    name: str, load, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_mnist
) -> None:
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "absent")
    server.files = tiny_mnist.packed
    reader = getattr(torchvision.datasets, sources.DATASETS[name].torchvision)
    monkeypatch.setattr(reader, "mirrors", [f"{server.url}gone/", server.url])
    fetching.get(name, tmp_path)
    assert files_below(tmp_path) == {f"{reader.__name__}/raw/{file}" for file in sources.IDX_FILES}
    assert load(tmp_path).train.targets.tolist() == [0, 1, 2, 3, 4, 5]
    server.cut_at = 100
    refusal(name, tmp_path / "second")
    assert everything_below(tmp_path / "second") == set()


def malicious(kind: str, outside: Path, good: bytes) -> bytes:
    """CIFAR's archive with a member that wants out of the folder; links come before what uses them."""
    inside = "cifar-10-batches-py/data_batch_1"
    members = {
        "parent": [(f"../../../../../../../../../../..{outside}", b"out", "")],
        "absolute": [(str(outside), b"out", "")],
        "link to a folder": [
            ("cifar-10-batches-py/way", b"", str(outside.parent)),
            ("cifar-10-batches-py/way/out", b"out", ""),
        ],
        "link in place of the folder": [("cifar-10-batches-py", b"", str(outside.parent))],
        "link in place of a file": [(inside, b"", str(outside))],
        "link over a file": [(inside, b"", str(outside)), (inside, b"out", "")],
    }[kind]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(good)) as old, tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data, target in members:
            member = tarfile.TarInfo(name)
            member.size, member.linkname = len(data), target
            member.type = tarfile.SYMTYPE if target else tarfile.REGTYPE
            tar.addfile(member, io.BytesIO(data))
        for member in old:
            if not (kind == "link in place of a file" and member.name == inside):
                tar.addfile(member, old.extractfile(member))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "harmless"),
    [
        ("parent", True),
        ("absolute", True),
        ("link to a folder", True),
        ("link in place of the folder", True),
        ("link in place of a file", False),
        ("link over a file", False),
    ],
)
def test_an_archive_writes_nothing_outside_even_if_its_checksum_is_right(
    kind: str, harmless: bool, cifar10_server: Server, tmp_path: Path, tiny_cifar10, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds besides the data set's own files is passed over; without them it is refused."""
    (tmp_path / "outside").mkdir()
    outside = tmp_path / "outside" / "out"
    archive = malicious(kind, outside, tiny_cifar10.archive())
    cifar10_server.files["cifar.tar.gz"] = archive
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "tgz_md5", hashlib.md5(archive).hexdigest())
    root = tmp_path / "data"
    if harmless:
        fetching.get("cifar10", root)
        assert len(cifar10(root).train) == 20
        assert files_below(root) == {f"cifar-10-batches-py/{file}" for file in sources.DATASETS["cifar10"].files}
    else:
        assert "data_batch_1" in refusal("cifar10", root)
        assert everything_below(root) == set()
    assert everything_below(tmp_path / "outside") == set()


def test_a_file_in_the_archive_is_verified_as_well(
    cifar10_server: Server, tmp_path: Path, tiny_cifar10, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = tiny_cifar10.archive(test_batch=b"changed")
    cifar10_server.files["cifar.tar.gz"] = archive
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "tgz_md5", hashlib.md5(archive).hexdigest())
    assert "test_batch has the wrong checksum" in refusal("cifar10", tmp_path)
    assert everything_below(tmp_path) == set()


def test_a_gz_that_swells_is_not_unpacked_to_the_end(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_mnist
) -> None:
    bomb = gzip.compress(bytes(10_000_000), mtime=0)
    server.files = tiny_mnist.packed | {"train-images-idx3-ubyte.gz": bomb}
    reader = torchvision.datasets.MNIST
    monkeypatch.setattr(reader, "mirrors", [server.url])
    md5 = {file: hashlib.md5(data).hexdigest() for file, data in server.files.items()}
    monkeypatch.setattr(reader, "resources", list(md5.items()))
    monkeypatch.setattr(fetching, "MOST_BYTES", 100_000)
    assert "wrong checksum" in refusal("mnist", tmp_path)
    assert everything_below(tmp_path) == set()


GET = """
import sys
from dlbench.data import fetching
from torchvision.datasets import CIFAR10

CIFAR10.url, CIFAR10.tgz_md5 = sys.argv[1:]
fetching.get("cifar10")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_a_download_that_was_killed_is_never_used_and_its_remains_are_removed(
    cifar10_server: Server, tmp_path: Path
) -> None:
    cifar10_server.stall_at = 5000
    words = [sys.executable, "-c", GET, torchvision.datasets.CIFAR10.url, torchvision.datasets.CIFAR10.tgz_md5]
    killed = subprocess.Popen(
        words, env=os.environ | {"DLBENCH_DATA": str(tmp_path / "data")}, stderr=subprocess.DEVNULL
    )
    assert cifar10_server.stalled.wait(120)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    cifar10_server.stall_at = None
    cifar10_server.resume.set()
    (left,) = (tmp_path / "data").iterdir()
    assert not sources.available("cifar10", tmp_path / "data")
    assert sources.abandoned(tmp_path / "data") == []  # it may be under way
    for path in (left, *left.rglob("*")):
        os.utime(path, (0, time.time() - sources.ABANDONED_SECONDS - 60))
    fetching.get("cifar10", tmp_path / "data")
    assert not left.exists()
    assert len(cifar10(tmp_path / "data").train) == 20


def test_no_room_is_no_fault_of_the_network(
    cifar10_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torchvision.datasets.utils, "download_url", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\): set DLBENCH_DATA"):
        fetching.get("cifar10", tmp_path)
    assert everything_below(tmp_path) == set()


def test_no_control_codes_where_there_is_no_terminal(
    cifar10_server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetching.get("cifar10", tmp_path)
    assert "\r" not in "".join(capsys.readouterr())


def test_a_data_folder_that_cannot_be_written(cifar10_server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="DLBENCH_DATA") as caught:
        fetching.get("cifar10", tmp_path / "file")
    assert str(tmp_path / "file") in str(caught.value)


@pytest.mark.parametrize("load", [cifar10, cifar100, mnist, fashion_mnist])
def test_missing_data_names_the_folder_and_two_ways_out(load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "DEBIAN_FASHION_MNIST", tmp_path / "absent")
    name = load.__name__
    with pytest.raises(InputError) as caught:
        load(tmp_path)
    for part in (name, str(tmp_path / sources.DATASETS[name].subfolder), f"dlbench data get {name}", "lenet-digits"):
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not sources.available(name, tmp_path)
    with pytest.raises(InputError, match="dlbench data get"):
        sources.path(name, tmp_path)


def test_an_unknown_data_set_has_near_misses() -> None:
    with pytest.raises(InputError, match=r"'cifar11' \(did you mean 'cifar10'"):
        fetching.get("cifar11")


def test_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLBENCH_DATA", "~/somewhere")
    assert sources.data_folder() == Path.home() / "somewhere"
    monkeypatch.delenv("DLBENCH_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    if sys.platform == "linux":
        assert sources.data_folder() == Path("/cache/dlbench/data")


def test_every_source_is_a_file_with_a_function() -> None:
    package = Path(sources.__file__).parent
    for name in sources.DATASETS:
        assert f"\ndef {name}(" in (package / f"{name}.py").read_text()


def test_what_needs_no_download(tmp_path: Path) -> None:
    assert sources.available("truth_table", tmp_path)
    assert fetching.get("truth_table", tmp_path) is None
    assert (sources.path("digits", tmp_path) / "digits.csv.gz").is_file()
    with pytest.raises(InputError, match="synthetic: computed"):
        sources.path("synthetic", tmp_path)
    assert everything_below(tmp_path) == set()


def test_listing_data_sets_imports_nothing_heavy() -> None:
    code = (
        "import sys; from dlbench.data import sources; from pathlib import Path;"
        "[sources.available(name, Path('/nowhere')) for name in sources.DATASETS];"
        "print({'torch', 'torchvision', 'numpy', 'pandas', 'sklearn'} & set(sys.modules))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(sources.__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "set()"
