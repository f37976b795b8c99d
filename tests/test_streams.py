"""What commands print, as real processes: for terminals without letters, readers who leave, modules that print."""

import json
import os
import subprocess
import sys

import own
import pytest

from dlbench import exits, streams
from dlbench.report.formats.terminal import page as terminal
from dlbench.report.table import Table
from dlbench.stats.estimates import Measure

ASCII = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
NOISE = """
import atexit, ctypes, os, subprocess, sys
print("NOISE from python", flush=True)
os.write(1, b"NOISE from a descriptor\\n")
ctypes.CDLL(None).puts(b"NOISE from C")
subprocess.run([sys.executable, "-c", "print('NOISE from a child')"])
atexit.register(print, "NOISE at the end")
"""


def dlbench(*words, **options):
    return subprocess.run([sys.executable, "-m", "dlbench", *words], capture_output=True, text=True, **options)


def noisy(folder):
    """A recipe whose module prints in every way there is."""
    path = own.write(folder, "plain")
    (folder / "nets.py").write_text(NOISE + (folder / "nets.py").read_text())
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9.1 ± 0.2", "9.1 +- 0.2"), ("0.1²", "0.1^2"), ("─│┼", "-|+"), ("Müller", "Muller"), ("深", "\\u6df1"),
        ("😀", "\\ud83d\\ude00"), ("\udcff", "\\udcff"), ("a – b", "a - b"),
    ],
)  # fmt: skip
def test_letters_that_ascii_lacks_have_others_that_stand_for_them(text, expected):
    assert streams.letters(text, "ascii") == expected
    assert streams.letters(text, "utf-8") == (expected if "\udcff" in text else text)
    assert json.loads(streams.letters(json.dumps(text, ensure_ascii=False), "ascii")) is not None


def test_columns_stand_straight_in_ascii():
    rows = [{"net": "a", "error_percent": Measure(9.1, 0.2, 3), "note": "x"}, {"net": "b", "note": "y"}]
    shown = terminal([Table.of("Errors", rows, keys=("net",))], width=80, encoding="ascii")
    assert shown.isascii()
    assert "9.1 +- 0.2 (n=3)" in shown
    assert len({line.rindex(end) for line, end in zip(shown.splitlines()[3:5], "xy", strict=True)}) == 1


def test_a_terminal_of_plain_letters_gets_plain_letters(tmp_path):
    path = own.write(tmp_path, "plain")
    for words in (["run", path, "--seeds", "0-3"], ["show", path], ["report", path], ["compare", "results", "results"]):
        done = dlbench(*words, env=os.environ | ASCII)
        assert done.returncode == exits.FINE, done.stderr
        assert done.stdout.isascii()
        assert done.stderr.isascii()
    assert " +- " in dlbench("report", path, env=os.environ | ASCII).stdout
    assert " ± " in dlbench("report", path).stdout


def test_what_a_users_module_prints_is_on_standard_error(tmp_path):
    path = noisy(tmp_path)
    ran = dlbench("run", path, "--json", "--seeds", "0")
    assert json.loads(ran.stdout)[0]["status"] == "finished", ran.stderr
    shown = dlbench("show", path)
    assert "NOISE" not in shown.stdout
    for way in ("from python", "from a descriptor", "from C", "from a child", "at the end"):
        assert f"NOISE {way}" in ran.stderr
        assert f"NOISE {way}" in shown.stderr
    timed = dlbench("time", path, "--json", "--repeats", "1", "--min-seconds", "0.1")
    assert json.loads(timed.stdout)
    for words in (["export", "results"], ["compare", "results", "results", "--format", "json"]):
        assert json.loads(dlbench(*words).stdout)


@pytest.mark.parametrize("words", [["list"], ["show", "lenet-digits"], ["lecture", "--dry-run"]])
def test_a_reader_who_leaves_early_ends_nothing(words):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "dlbench", *words], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (exits.FINE, "")


def test_a_verdict_is_the_same_whoever_reads_it(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "dlbench", "run", own.write(tmp_path, "raising")]
    done = subprocess.run(command, stdout=writer, stderr=writer)
    os.close(writer)
    assert done.returncode == exits.FAILED


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
def test_an_output_that_cannot_be_written_is_one_line():
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "dlbench", "list"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == exits.USAGE
    assert done.stderr == "dlbench: standard output: cannot be written (No space left on device)\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_end_nothing(closed):
    assert subprocess.run(["sh", "-c", f"{sys.executable} -m dlbench list {closed}"]).returncode == exits.FINE


CRASH = """
import sys
from dlbench.cli import list as listing
def crash(what):
    raise ERROR
listing.show = crash
sys.argv = ["dlbench", "list"]
from dlbench.cli import main
main()
"""


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        ("KeyError('x')", exits.BUG, "a bug of dlbench, please report it with the lines above: KeyError: 'x'"),
        ("MemoryError()", exits.BUG, "a bug of dlbench"),
        ("ImportError('no numpy', name='numpy')", exits.USAGE, "the installation is not whole (no numpy)"),
        ("ImportError('no such name', name='dlbench.records.store')", exits.BUG, "a bug of dlbench"),
    ],
)
def test_a_crash_is_no_verdict(error, code, said):
    done = subprocess.run([sys.executable, "-c", CRASH.replace("ERROR", error)], capture_output=True, text=True)
    assert done.returncode == code
    assert done.stderr.startswith("Traceback")
    assert done.stderr.splitlines()[-1].startswith(f"dlbench: {said}")
