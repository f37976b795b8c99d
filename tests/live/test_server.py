"""The page that watches, as a user meets it: real runs in real processes, and a real browser."""

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import growth
import own
import psutil
import pytest
from typer.testing import CliRunner

from dlbench import exits
from dlbench.cli import app
from dlbench.errors import InputError
from dlbench.live import server
from dlbench.live.curves import Curves
from dlbench.records import raw_files, store
from dlbench.records.events import Lap, Score

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RESULTS = Path(__file__).parents[2] / "results"
PICTURES = os.environ.get("DLBENCH_TEST_PICTURES")  # a folder for what pages look like
SCRIPT = "<script>window.owned = true</script><img src=x onerror='window.owned = true'>"
METERS = ("machine", "peak_memory_bytes", "joules")
SLOW = [
    sys.executable,
    "-m",
    "dlbench",
    "run",
    "slow.yaml",
    "--device",
    "cpu",
    "--threads",
    "1",
    "--set",
    "training.steps=16",
]


@contextlib.contextmanager
def started(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A command that serves a page, and the page's address; it is stopped in the end."""
    with open("said", "w") as said, subprocess.Popen(words, stdout=said, stderr=said) as process:
        try:
            found = wait_for(lambda: re.search(r"http://\S+(?=\s)", Path("said").read_text()) or process.poll())
            assert isinstance(found, re.Match), Path("said").read_text()
            yield process, found[0]
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)


def listening(process: subprocess.Popen[bytes]) -> list[tuple[str, int]]:
    """Where a process and its children listen."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    found = [one for member in family for one in member.net_connections("all") if one.status == psutil.CONN_LISTEN]
    return [(one.laddr.ip, one.laddr.port) for one in found]


def wait_for(happened: Callable[[], Any]) -> Any:
    """What comes in the end, within a minute."""
    until = time.monotonic() + 60
    while not (outcome := happened()) and time.monotonic() < until:
        time.sleep(0.05)
    return outcome


def run_files(folder: str = "results") -> list[Path]:
    return sorted(Path(folder).rglob("*.jsonl"))


def events(file: Path, kind: type[Any]) -> list[Any]:
    return [event for event in store.events_of(file) if isinstance(event, kind)]


def answer(address: str, path: str = "", method: str = "GET", host: str | None = None) -> tuple[int, str]:
    """Status and text of what the server of this address says to a path below it."""
    with replied(address, path, method, host) as reply:
        return reply.status, reply.read().decode()


@contextlib.contextmanager
def replied(address: str, path: str = "", method: str = "GET", host: str | None = None) -> Iterator[Any]:
    parts = urlsplit(address)
    with contextlib.closing(
        http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=10)
    ) as connection:
        path = path if path.startswith("/") else parts.path + path
        connection.request(method, path, headers={"Host": host or parts.netloc})
        yield connection.getresponse()


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The address of a page of real runs."""
    files = [file for file in store.run_files(RESULTS / "gates.jsonl.gz", []) if "gate-and" in file.name]
    with server.serving("gates", Curves(lambda: ((file, False) for file in files)), "view", "over") as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[test]'")
    if CHROMIUM is None:
        pytest.skip("needs Chromium (Debian's package chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def opened(browser: Any, address: str, amiss: list[str], **settings: Any) -> Any:
    """The page, in a browser that notes what goes amiss and who else is asked for something."""
    page = browser.new_page(**settings)
    page.on("console", lambda message: amiss.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: amiss.append(str(error)))
    own_urls = (address, "data:", "blob:")
    page.on("request", lambda request: None if request.url.startswith(own_urls) else amiss.append(request.url))
    page.goto(address)
    return page


def last_points(page: Any, plot: str) -> list[tuple[float, float]]:
    """Where each curve of a plot ends."""
    found = page.evaluate(
        f"""document.getElementById('{plot}').data.filter(trace => trace.mode === 'lines+markers').map(
            trace => trace.x.map((x, place) => [x, trace.y[place]]).filter(([x]) => x !== null).at(-1))"""
    )
    return [tuple(point) for point in found]


def mean_of(page: Any, group: str) -> float:
    """Where the thick line of a group ends."""
    loss = "document.getElementById('loss').data"
    return float(page.evaluate(f"{loss}.findLast(trace => trace.name === '{group}').y.at(-1)"))


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)


def test_a_page_follows_a_file_that_grows_and_keeps_its_curves(browser: Any, tmp_path: Path) -> None:
    amiss: list[str] = []
    start, *lines = growth.run_file().decode().splitlines(keepends=True)
    begun = json.loads(start)
    begun["recipe"]["name"] = begun["recipe"]["title"] = SCRIPT
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(begun) + "\n" + "".join(lines[:6]) + lines[6][:9])
    curves = Curves(lambda: [(raw_files.one(path), False)])
    with server.serving(SCRIPT, curves, "view", "The run has ended") as address:
        page = opened(browser, address, amiss)
        page.locator("#trials tbody td", has_text="under way").wait_for()
        assert page.locator("#state").inner_text() == "Learning ..."
        assert last_points(page, "loss") == ends(path)[0]
        path.write_text(path.read_text() + lines[6][9:] + "".join(lines[7:]))
        page.get_by_text("Finished.", exact=True).wait_for()
    page.get_by_text("Finished. The run has ended").wait_for()
    assert (last_points(page, "loss"), last_points(page, "score")) == ends(path)
    [final] = [score for score in events(path, Score) if score.final]
    assert page.evaluate("document.getElementById('score').data.at(-1).y") == [final.metrics["test_error_percent"]]
    assert page.title() == page.locator("h1").inner_text() == SCRIPT
    assert SCRIPT in page.locator("#trials tbody tr").inner_text()
    page.locator("#loss .scatterlayer .point").last.hover(force=True)
    assert SCRIPT in page.locator("#loss .hoverlayer .hovertext").first.text_content()
    assert page.evaluate("window.owned") is None
    assert page.locator("img[src=x]").count() == 0
    assert amiss == []


def ends(path: Path) -> tuple[list[Any], list[Any]]:
    """Where the curves of a run end, as its file says."""
    laps, looks = events(path, Lap), [score for score in events(path, Score) if not score.final]
    return [(lap.step, lap.loss) for lap in laps[-1:]], [
        (look.step, look.metrics["test_error_percent"]) for look in looks[-1:]
    ]


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1024, "light")])
def test_no_serious_fault_is_found_at_any_width(browser: Any, width: int, scheme: str) -> None:
    amiss: list[str] = []
    files = list(store.run_files(RESULTS / "mini-batches.jsonl.gz", []))
    with server.serving("mini-batches", Curves(lambda: ((file, False) for file in files)), "view", "over") as address:
        page = opened(browser, address, amiss, viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.get_by_text("Finished.").wait_for()
        picture(page, f"pack-{width}")
        page.locator("[name=log]").press("Space")
        page.wait_for_function("document.getElementById('loss').layout.yaxis.type === 'log'")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("#trials tbody tr").count() == len(files)
        lasts = [list(store.events_in(file)) for file in files if file.name.startswith("gradient-of-batch/")]
        losses = [[event.loss for event in run if isinstance(event, Lap)][-1] for run in lasts]
        assert mean_of(page, "gradient-of-batch short cpu") == pytest.approx(sum(losses) / len(losses))
        axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
        faults = [one for one in axe.run(page).response["violations"] if one["impact"] in ("serious", "critical")]
        assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []
    assert amiss == []


@pytest.mark.slow
def test_a_run_that_is_watched_for_a_while_is_the_same_as_one_that_nobody_watches(browser: Any, tmp_path: Path) -> None:
    amiss: list[str] = []
    own.write(tmp_path, "slow")
    with started(*SLOW, "--live", "--out", "watched") as (process, address):
        page = opened(browser, address, amiss)
        page.locator("#left", has_text="1 under way").wait_for(timeout=200_000)
        assert listening(process) == [("127.0.0.1", urlsplit(address).port)]
        page.close()
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", urlsplit(address).port or 0)) as mute:
            mute.connect()
            assert process.wait() == exits.FINE
    alone = subprocess.Popen([*SLOW, "--out", "alone"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    assert wait_for(lambda: run_files("alone"))
    assert listening(alone) == []
    assert alone.wait() == exits.FINE
    assert shape(run_files("watched")[0]) == shape(run_files("alone")[0])
    assert amiss == []


def shape(file: Path) -> list[dict[str, Any]]:
    """The lines of a run file without what clocks and meters say."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [
        {key: value for key, value in line.items() if "seconds" not in key and key not in ("started", *METERS)}
        for line in lines
    ]


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_that_listens(browser: Any, tmp_path: Path) -> None:
    own.write(tmp_path, "slow")
    for words in (["view", "."], [*SLOW[3:], "--live"]):
        amiss: list[str] = []
        with started(*SLOW[:3], *words) as (process, address):
            page = opened(browser, address, amiss)
            page.locator("#left", has_text="0 of").wait_for()
            process.send_signal(signal.SIGINT)
            assert process.wait() == exits.INTERRUPTED
            page.get_by_text("has ended; the curves stay").wait_for()
        with pytest.raises(ConnectionRefusedError):
            answer(address)
        assert amiss == []


def test_only_who_knows_the_address_gets_an_answer(served: str) -> None:
    token = urlsplit(served).path
    listeners = [one.laddr for one in psutil.Process().net_connections("inet") if one.status == psutil.CONN_LISTEN]
    assert [tuple(one) for one in listeners if one.port == urlsplit(served).port] == [
        ("127.0.0.1", urlsplit(served).port)
    ]
    assert [answer(served)[0], answer(served, "changes?after=0")[0]] == [200, 200]
    for path in (
        "/",
        "//",
        "/index.html",
        token[:-2] + "x/",
        token.lower() + "%C3%A9",
        "/x" + token,
    ):
        assert answer(served, path) == (404, ""), path
    for host in (
        "evil.example",
        f"evil.example:{urlsplit(served).port}",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil",
        "[",
    ):
        assert answer(served, host=host) == (403, ""), host
    assert answer(served, host=f"localhost:{urlsplit(served).port}")[0] == 200
    assert answer(served, host="127.0.0.1:9")[0] == 200  # the other end of a tunnel


def test_it_gives_two_things_and_no_file(served: str) -> None:
    for path in (
        "../../etc/passwd",
        "%2e%2e/",
        "page.js",
        "changes",
        "changes?after=-1",
        "changes?after=x",
        "?x",
        "changes?after=0&x",
    ):
        assert answer(served, path) == (404, ""), path
    for method in ("POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "ODD"):
        assert answer(served, method=method) == (405, ""), method


def test_the_page_may_run_its_own_scripts_alone(served: str) -> None:
    policies = set()
    for _ in range(2):
        with replied(served) as reply:
            policy, text = reply.headers["Content-Security-Policy"], reply.read().decode()
        assert policy.startswith("default-src 'none'")
        [nonce] = re.findall(r"script-src 'nonce-([^']+)';", policy)
        assert text.count(f'<script nonce="{nonce}">') == 2
        policies.add(policy)
    assert len(policies) == 2


def test_without_the_extra_one_line_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    name = own.write(tmp_path, "plain")
    for call, option in ((["run", name, "--live"], "--live"), (["view", "."], "view")):
        with pytest.raises(InputError, match=rf"^{option}: needs the package plotly; pip install 'dlbench\[html\]'$"):
            CliRunner().invoke(app, call, catch_exceptions=False)
    assert run_files(".") == []
    assert raw_files.one(name).read()


def test_a_folder_that_is_not_there_is_one_line() -> None:
    with pytest.raises(InputError, match=r"^nowhere: no such results folder"):
        CliRunner().invoke(app, ["view", "nowhere"], catch_exceptions=False)
