"""The page, as a reader uses it: in a real browser, on real run files."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import measured
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from dlbench.cli import app, report
from dlbench.errors import InputError
from dlbench.judge import history, measurements
from dlbench.judge.claims import Verdict
from dlbench.records import store
from dlbench.records.commits import Commit
from dlbench.report.document import Document
from dlbench.report.formats import html, text
from dlbench.spec import study

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install '.[test]'")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian's package chromium)")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RESULTS = Path(__file__).parents[3] / "results"
STUDY = "dropout"
METRIC = "test_error_percent"
SCRIPT = "</script><script>window.owned = true</script><img src=x onerror='window.owned = true'>"
HOSTILE = f"""
title: "{SCRIPT}"
question: "{SCRIPT}"
source: "{SCRIPT}"
recipes: [gate-and]
claims:
  - {{says: "{SCRIPT}", source: "{SCRIPT}", note: "{SCRIPT}", metric: train_right, of: gate-and, relation: greater,
      than: 0}}
"""
Page = Any
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def amiss() -> list[str]:
    """What browsers complained of, and the hosts that pages asked for something."""
    return []


@pytest.fixture(autouse=True)
def _nothing_amiss(amiss: list[str]) -> Iterator[None]:
    yield
    assert amiss == []


@pytest.fixture(scope="module")
def show(browser: Any, amiss: list[str], tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens the text of a page."""

    def opened(written: str, **settings: Any) -> Page:
        file = tmp_path_factory.mktemp("page") / "page.html"
        file.write_text(written)
        page = browser.new_page(**settings)
        page.on("console", lambda message: amiss.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: amiss.append(str(error)))
        page.on("request", lambda request: amiss.append(request.url) if asks_somebody(request.url) else None)
        page.goto(file.as_uri())
        return page

    return opened


def asks_somebody(url: str) -> bool:
    return not url.startswith(("file:", "data:", "blob:"))


@pytest.fixture(scope="module")
def runs() -> Any:
    return report.read(RESULTS / f"{STUDY}.jsonl.gz", [STUDY])


@pytest.fixture(scope="module")
def written(runs: Any) -> str:
    """The page of a study with a figure of its own, curves, sweeps and claims of all sorts."""
    return text("document", report.document([STUDY], runs), "html")


@pytest.fixture(scope="module")
def verdicts(runs: Any) -> list[Verdict]:
    return report.verdicts([study.load(STUDY)], runs)


@pytest.fixture(scope="module")
def opened(show: Open, written: str) -> Page:
    page = show(written)
    drawn(page)
    return page


@pytest.fixture
def page(opened: Page) -> Page:
    """The page of the study as it was when it was opened."""
    opened.emulate_media(media="screen")
    opened.evaluate(
        """async () => {
          document.querySelectorAll("form").forEach((form) => form.reset());
          document.querySelectorAll("details.claim, details.runs").forEach((one) => { one.open = false; });
          await panels[0].draw();
          await new Promise(requestAnimationFrame);
        }"""
    )
    return opened


def drawn(page: Page) -> None:
    """Wait until the first panel is."""
    page.locator(".panel").first.scroll_into_view_if_needed()
    page.locator(".ends .main-svg").first.wait_for()


def traces(page: Page, plot: str = ".ends") -> list[dict[str, Any]]:
    """What Plotly draws in the first panel."""
    keys = "['type', 'name', 'x', 'y', 'customdata']"
    found: list[dict[str, Any]] = page.evaluate(
        f"document.querySelector('{plot}').data.map(t => Object.fromEntries({keys}.map(key => [key, t[key]])))"
    )
    return found


def dots(page: Page) -> list[tuple[str, int, str, float]]:
    """Recipe, seed, file and value behind each dot."""
    runs = next(trace for trace in traces(page) if trace["name"] == "run")
    return [(about[0], int(about[1]), about[3], x) for about, x in zip(runs["customdata"], runs["x"], strict=True)]


def filed(frame: pd.DataFrame, file: str) -> pd.Series:
    """The row of the run whose file ends so."""
    (row,) = (row for _, row in frame.iterrows() if row["path"].endswith(file))
    return row


def test_every_dot_is_a_run_file_s_own_number(page: Page, runs: Any) -> None:
    found = dots(page)
    assert len(found) == len(runs.of_one_kind().frame)
    for name, seed, file, value in found:
        row = filed(runs.frame, file)
        assert (name.split(" ")[0], seed, value) == (row["recipe"], row["seed"], row[METRIC])


def test_every_point_of_a_curve_is_a_look_of_its_run(page: Page, runs: Any) -> None:
    page.select_option(".panel [name=by]", "seconds")
    page.wait_for_function("document.querySelector('.curves').layout.xaxis.title.text.startsWith('seconds')")
    curves = runs.curves[~runs.curves["final"]]
    drawn = [trace for trace in traces(page, ".curves") if trace["type"] == "scatter"]
    file = next(about for about in drawn[0]["customdata"] if about)[3]
    place = [about[3] if about else "" for about in drawn[0]["customdata"]]
    shown = [y for y, path in zip(drawn[0]["y"], place, strict=True) if path == file]
    row = filed(runs.frame, file)
    assert shown == curves[curves["path"] == row["path"]].sort_values("step")[METRIC].tolist()
    seconds = [x for x, path in zip(drawn[0]["x"], place, strict=True) if path == file]
    clock = store.clock([Path(row["path"])])
    assert seconds[-1] == pytest.approx(clock["seconds"].iloc[-1], rel=0.05)
    assert seconds == sorted(seconds)


def test_what_the_end_of_a_run_cut_off_is_a_bound(show: Open) -> None:
    runs = report.read(RESULTS / "backprop.jsonl.gz", ["parity-4"])
    (group,) = (group for group in runs.of(["parity-4"]).of_one_kind().groups)
    never = group.never("sweeps")
    assert 0 < len(never) < len(group.seeds)
    chapter = report.document(["parity-4"], runs).chapters[0]
    page = show(text("document", Document("Parity", chapters=[replace(chapter, metric="sweeps")]), "html"))
    drawn(page)
    bars, dots, _ = traces(page)
    assert {int(about[1]) for about in dots["customdata"] if about[5] == "at least "} == never
    assert f"({len(never)} of {len(group.seeds)} never)" in bars["customdata"][0][1]


def test_hovering_tells_the_run_behind_a_dot(page: Page) -> None:
    page.locator(".ends .scatterlayer .trace .point").first.hover(force=True)
    told = page.locator(".ends .hoverlayer .hovertext").first
    told.wait_for()
    words = told.text_content()
    assert any(f"{name}, seed {seed}, short budget" in words and file in words for name, seed, file, _ in dots(page))
    assert "2 cores" in words


def test_no_button_sends_anything_anywhere(page: Page) -> None:
    titles = page.locator(".ends .modebar-btn").evaluate_all("all => all.map(one => one.dataset.title)")
    assert len(titles) == 7
    assert not [title for title in titles if "share" in title.lower() or "cloud" in title.lower()]
    assert page.evaluate("document.querySelector('.ends')._context.plotlyServerURL") == ""
    assert page.locator("form[action], a[href^=http], link[href^=http], script[src]").count() == 0


def test_a_seed_that_is_switched_off_leaves_every_mean(page: Page, runs: Any) -> None:
    page.locator(".panel [name=seed][value='0']").uncheck()
    page.wait_for_function("document.querySelector('.ends').data[1].customdata.every(about => about[1] !== '0')")
    bars = traces(page)[0]
    means = {about[0]: x for about, x in zip(bars["customdata"], bars["x"], strict=True)}
    rest = {g.label: g.by_seed(METRIC) for g in runs.of_one_kind().groups}
    rest = {name: [value for seed, value in values.items() if seed] for name, values in rest.items()}
    assert means == {name: pytest.approx(sum(values) / len(values)) for name, values in rest.items() if values}


def test_scales_recipes_and_costs_are_chosen(page: Page, runs: Any) -> None:
    page.get_by_label("log scale").check()
    page.wait_for_function("document.querySelector('.ends').layout.xaxis.type === 'log'")
    assert page.evaluate("document.querySelector('.curves').layout.yaxis.type") == "log"
    page.select_option(".panel [name=against]", "training_seconds")
    page.get_by_label("log horizontally").check()
    page.wait_for_function("document.querySelector('.ends').layout.xaxis.title?.text === 'training (s)'")
    found = {trace["name"]: trace for trace in traces(page)}
    about, x, y = (found["relu-mnist"][key][0] for key in ("customdata", "x", "y"))
    row = filed(runs.frame, about[3])
    assert (x, y) == (row["training_seconds"], row[METRIC])
    page.locator(".panel [name=group]").first.uncheck()
    page.wait_for_function(f"document.querySelector('.ends').data.length === {len(found) - 1}")


def test_the_runs_are_a_table_as_well(page: Page) -> None:
    page.get_by_text("These runs as a table").click()
    rows = page.locator(".runs tbody tr")
    rows.first.wait_for()
    assert rows.count() == len(dots(page))
    seen = {tuple(row.split("\t")) for row in rows.all_inner_texts()}
    assert {(name, str(seed), f"{value:g}") for name, seed, _, value in dots(page)} == {row[:3] for row in seen}


def test_claims_are_filtered_and_shown_again(page: Page, verdicts: list[Verdict]) -> None:
    claims = page.locator("details.claim")
    wanted = [verdict.claim.says for verdict in verdicts if verdict.word == "inconclusive"]
    page.select_option("#filter [name=verdict]", "inconclusive")
    assert [claim.locator(".says").inner_text() for claim in claims.all() if claim.is_visible()] == wanted
    assert page.locator("#counted").inner_text() == f"{len(wanted)} of {len(verdicts)} claims"
    assert not page.locator("figure").first.is_visible()
    page.get_by_role("button", name="Show everything").click()
    page.wait_for_function("!document.body.classList.contains('filtered')")
    assert all(claim.is_visible() for claim in claims.all())
    page.locator("button.count.reproduced").press("Enter")  # by keyboard
    assert {claim.get_attribute("data-verdict") for claim in claims.all() if claim.is_visible()} == {"reproduced"}


def test_a_claim_unfolds_into_its_evidence_by_keyboard(page: Page, verdicts: list[Verdict]) -> None:
    verdict = next(one for one in verdicts if one.word == "reproduced" and isinstance(one.than, list))
    claim = page.locator("details.claim.reproduced").first
    assert not claim.locator("dl").is_visible()
    claim.locator("summary").press("Enter")
    assert claim.locator("dl").is_visible()
    rows = [[float(cell.get_attribute("data-value")) for cell in row.locator("td").all()]
            for row in claim.locator("tbody tr").all()]  # fmt: skip
    assert rows == [list(row) for row in zip(verdict.seeds, verdict.of, verdict.than, strict=True)]
    told = claim.locator("dl").inner_text()
    for words in (verdict.claim.source, verdict.claim.stated, "refuted by", "95 % interval", "relu-mnist-dropout"):
        assert words in told
    assert claim.locator("dd.quoted").inner_text() == verdict.claim.published


def test_a_table_is_sorted_by_number_both_ways(page: Page) -> None:
    table = page.locator(".tables table").first
    heading = table.get_by_role("button", name="test error %", exact=True)
    place = table.locator("th").all_inner_texts().index("test error %")
    values = f"table => [...table.tBodies[0].rows].map(row => Number(row.cells[{place}].dataset.value))"
    before = table.evaluate(values)
    heading.press("Enter")
    assert table.evaluate(values) == sorted(before)
    assert table.locator("th").nth(place).get_attribute("aria-sort") == "ascending"
    heading.click()
    assert table.evaluate(values) == sorted(before, reverse=True)
    assert sorted(before) != before


def test_measured_and_quoted_look_different(page: Page, runs: Any) -> None:
    def look(selector: str) -> list[str]:
        found: list[str] = page.locator(selector).first.evaluate(
            "cell => [getComputedStyle(cell).fontStyle, getComputedStyle(cell).backgroundColor]"
        )
        return found

    assert look(".tables td.quoted") == look(".key .quoted") != look(".tables td.measured")
    quoted = next(trace for trace in traces(page) if trace["name"].startswith("published"))
    published = {g.label: g.published(METRIC) for g in runs.of_one_kind().groups}
    assert dict(zip([about[0] for about in quoted["customdata"]], quoted["x"], strict=True)) == {
        name: figure.value for name, figure in published.items() if figure
    }


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1024, "light")])
def test_nothing_sticks_out_and_no_serious_fault_is_found(show: Open, written: str, width: int, scheme: str) -> None:
    page = show(written, viewport={"width": width, "height": 800}, color_scheme=scheme)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    bright = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
    assert (bright > 128) == (scheme == "light")
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    faults = [fault for fault in axe.run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []


def test_on_paper_there_are_no_controls(page: Page) -> None:
    page.emulate_media(media="print")
    assert not page.locator("#filter").is_visible()
    assert not page.locator(".controls").first.is_visible()
    assert page.locator("figure img").first.is_visible()


def test_the_figure_is_an_image_with_words(page: Page) -> None:
    image = page.locator("figure img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth > 500)")
    assert "test error (%), step" in image.get_attribute("alt")


def test_a_script_in_a_study_or_a_run_file_is_inert(show: Open, tmp_path: Path) -> None:
    run = next(file for file in store.run_files(RESULTS / "gates.jsonl.gz", []) if "gate-and" in file.name)
    first, rest = run.read().decode().split("\n", 1)
    start = json.loads(first)
    start["machine"]["name"] = SCRIPT
    (tmp_path / "run.jsonl").write_text(f"{json.dumps(start)}\n{rest}")
    (tmp_path / "mine.yaml").write_text(HOSTILE)
    name = str(tmp_path / "mine.yaml")
    shown = report.document([name], report.read(tmp_path, [name]))
    page = show(text("document", shown, "html"))
    drawn(page)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    page.locator(".ends .scatterlayer .point").first.hover(force=True)
    assert SCRIPT in page.locator(".ends .hoverlayer .hovertext").first.text_content()
    assert page.evaluate("window.owned") is None
    assert page.title() == page.locator("h1").inner_text() == SCRIPT
    assert page.locator("img[src=x]").count() == 0
    assert page.locator(".says").inner_text() == SCRIPT


def test_claims_comparisons_and_a_figure_alone_are_pages(show: Open, tmp_path: Path) -> None:
    pack = str(RESULTS / "gates.jsonl.gz")
    for call in (
        ["claims", "gates", "--results", pack, "--format", "html", "-o", "a.html"],
        ["compare", pack, pack, "--format", "html", "-o", "b.html"],
        ["report", "gate-and", "gate-or", "--results", pack, "--figure", "c.html", "--metric", "train_right"],
    ):
        done = CliRunner().invoke(app, call)
        assert done.exit_code in (0, 4), done.output
    assert show(Path("a.html").read_text()).locator("details.claim.holds").count() == 8
    assert "gates.jsonl.gz against" in show(Path("b.html").read_text()).locator("h1").inner_text()
    page = show(Path("c.html").read_text())
    drawn(page)
    assert {(name, value) for name, _, _, value in dots(page)} == {("gate-and", 4), ("gate-or", 4)}
    assert page.locator("table").count() == 0


def test_without_the_extra_one_line_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    html._plotly.cache_clear()
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    call = ["report", "tour", "--results", str(RESULTS / "tour.jsonl.gz"), "-o", "page.html"]
    message = "--format html: needs the package plotly; pip install 'dlbench[html]'"
    with pytest.raises(InputError, match=re.escape(message)):
        CliRunner().invoke(app, call, catch_exceptions=False)
    assert not Path("page.html").exists()


@pytest.fixture(scope="module")
def by_commit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history of thirty commits, the twentieth of them 5 % slower, and of a recipe that never changed."""
    folder = tmp_path_factory.mktemp("trends") / "history"
    noise = np.random.default_rng(7).normal(1, 0.015, (2, 30))
    for number in range(30):
        rates = {"slowed": 100 * noise[0, number] * (0.95 if number >= 19 else 1), "equal": 100 * noise[1, number]}
        date = f"2026-01-{number + 1:02d}T00:00:00Z"
        some = (
            measured.records({"examples_per_second": [r, 1.01 * r]}, name, started=date) for name, r in rates.items()
        )
        commit = Commit(f"{number:040x}", date, SCRIPT if number == 19 else f"Change {number}")
        list(history.add(folder, measured.frame(*some), commit))
    return folder


def trends(show: Open, folder: Path, **settings: Any) -> Page:
    call = [
        "history",
        "page",
        "--history",
        str(folder),
        "--link",
        "https://host.org/it/commit/{commit}",
        "-o",
        "t.html",
    ]
    assert CliRunner().invoke(app, call, catch_exceptions=False).exit_code == 0
    page = show(Path("t.html").read_text(), **settings)
    for panel in page.locator(".trend").all():
        panel.scroll_into_view_if_needed()
        panel.locator(".main-svg").first.wait_for()
    return page


def test_a_trend_marks_the_commit_that_made_it_slower_and_no_other(show: Open, by_commit: Path) -> None:
    page = trends(show, by_commit)
    drawn = page.evaluate(
        "panels.map(p => [p.data.words, p.plot.data.filter(t => t.name === 'change').flatMap(t => t.x), "
        "p.data.points.map(point => [point.commit, point.value])])"
    )
    marked = {words.split()[2].rstrip(","): places for words, places, _ in drawn}
    assert marked == {"slowed": [19], "equal": []}
    for words, _, points in drawn:
        assert [name for name, _ in points] == [f"{number:040x}" for number in range(30)]
        for name, value in points:
            frame = measurements.load(by_commit / "1a2b3c4d" / f"{name}.json")
            assert value == pytest.approx(
                frame[frame["recipe"] == words.split()[2].rstrip(",")]["value"].mean(), rel=1e-12
            )
    assert "worse at 00000000" in page.locator(".trend").nth(0).get_attribute("aria-label")
    links = page.locator("#track-1 tbody a")
    assert links.nth(0).get_attribute("href") == f"https://host.org/it/commit/{29:040x}"
    shown = page.locator("#track-1 td.measured").evaluate_all("all => all.map(cell => Number(cell.dataset.value))")
    assert shown == [value for _, value in reversed(drawn[0][2])]
    assert SCRIPT in page.locator("#track-1 tbody tr").nth(10).text_content()
    page.locator(".trend").first.locator(".scatterlayer .trace .points .point").last.hover(force=True)
    assert "worse" in page.locator(".trend .hoverlayer .hovertext").first.text_content()
    assert page.evaluate("window.owned") is None


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1024, "light")])
def test_trends_fit_and_have_no_serious_fault(show: Open, by_commit: Path, width: int, scheme: str) -> None:
    page = trends(show, by_commit, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    faults = [fault for fault in axe.run(page).response["violations"] if fault["impact"] in ("serious", "critical")]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in faults] == []


@pytest.mark.slow
def test_the_whole_lecture_is_one_file_below_six_megabytes(show: Open) -> None:
    written = text("document", report.document(["lecture"], report.read(RESULTS, ["lecture"])), "html")
    assert len(written.encode()) < 6_000_000
    page = show(written)
    names = [one.name for one in study.course("lecture")]
    assert [section.get_attribute("id") for section in page.locator("main > section").all()] == names
    for section in page.locator("main > section").all():
        assert section.locator(".question").count() == section.locator(".command").count() == 1
        assert section.locator("figure, .panel").count() > 0
    counted = json.loads(
        page.locator(".counts button").evaluate_all(
            "all => JSON.stringify(all.map(b => parseInt(b.innerText.match(/\\d+/)[0])))"
        )
    )
    assert sum(counted) == page.locator("details.claim").count()
    for panel in page.locator(".panel").all():
        panel.scroll_into_view_if_needed()
        panel.locator(".ends .main-svg").first.wait_for()
