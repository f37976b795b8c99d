"""A folder with a dlbench of its own that measures nothing: it leaves the timing files a gate has to read, at once.

It keeps to what `dlbench time` promises any caller: the verb, the options a gate gives it, exit codes and files.
"""

from __future__ import annotations

import json
from pathlib import Path

from dlbench.records.events import line
from dlbench.trials import plan

MAIN = '''
"""Plays `dlbench time`: the laps of the next process that play.json holds for a recipe."""
import json, pathlib, random, sys

words = sys.argv[1:]
here = pathlib.Path(__file__).parents[1]
play = json.loads((here / "play.json").read_text())
if "--help" in words:
    sys.exit(print("--turns" if play["turns"] else "no such thing"))
in_turns = play["turns"] and "--turns" in words
option = lambda name: words[words.index(name) + 1]
assert words[0] == "time" and (in_turns or option("--repeats") == "1"), words
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(words[1:]) + "\\n")
name = pathlib.Path(words[1]).stem
if name not in play["speeds"]:
    sys.exit(print(f"dlbench: unknown recipe or study {name!r}", file=sys.stderr) or 2)
number = sum(json.loads(line)[0] == words[1] for line in (here / "calls.jsonl").open()) - 1
speed = play["speeds"][name][number % len(play["speeds"][name])]
if isinstance(speed, str):
    sys.exit(print(f"{name} train, batch 10: failed: {speed}", file=sys.stderr) or 3)
start = play["start"] | {"mode": option("--mode"), "process": 0, "data": "digits"}
start["recipe"] = start["recipe"] | {"name": name}
start["versions"] = start["versions"] | {"torch": play["torch"]}
size = {"event": "size", "batch_size": 10, "parameters": 650, "process_peak_bytes": 2**28, "device_peak_bytes": None}
chance = random.Random(number)
laps, steps = [], 10
if in_turns:
    print(json.dumps({"event": "built"}), flush=True)
    chance = random.Random(f"{number} {here.name}")  # what disturbs one side does not disturb the other
    while count := int(sys.stdin.readline() or sys.exit(130)):
        laps, steps = (laps if count == steps else []), count
        laps.append(10 * steps / abs(speed) * chance.uniform(0.9, 1.1))
        turn = {"steps": steps, "examples": 10 * steps, "seconds": laps[-1], "cpu_seconds": 10 * steps / abs(speed)}
        print(json.dumps({"event": "turn"} | turn), flush=True)
    print(json.dumps({"event": "timing"}), flush=True)
laps = laps or [100 / abs(speed) * chance.uniform(0.999, 1.001) for _ in range(40)]
if speed < 0:  # never steady
    laps = [lap * 1.1**k for k, lap in enumerate(laps)]
timing = {"event": "timing", "first_step_seconds": 1 / abs(speed), "seconds": laps}
timing |= {"steps": steps, "examples": 10 * steps}
timing |= {"cpu_seconds": [10 * steps / abs(speed)]} if in_turns else {}
path = pathlib.Path(option("--out"), "time", name, f"{start['mode']}-cpu-01234567-process0.jsonl")
path.parent.mkdir(parents=True)
path.write_text("".join(json.dumps(event) + "\\n" for event in (start, size, timing | {"joules": None})))
'''


def write(folder: Path, speeds: dict[str, list[float | str]], torch: str = "9.0", turns: bool = False) -> str:
    """Make such a folder, with a torch of this version; returns its path.

    speeds: by recipe, in examples per second, of one process after the other, over and over. A negative one belongs to
    a process that never becomes steady, a text is what a process fails with. turns: whether it knows `--turns`.
    """
    (trial,) = plan.trials(["lenet-digits"], seeds=[0], device="cpu", threads=1)
    for package, text in (("dlbench", f'__version__ = "{torch}"'), ("torch", f'__version__ = "{torch}"')):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text(text)
    (folder / "dlbench" / "__main__.py").write_text(MAIN)
    start = json.loads(line(trial.start()))
    play = {"speeds": speeds, "torch": torch, "turns": turns, "start": start}
    (folder / "play.json").write_text(json.dumps(play))
    return str(folder)


def calls(folder: str) -> list[list[str]]:
    """The words of each call of `dlbench time` there, after the verb."""
    return [json.loads(line) for line in Path(folder, "calls.jsonl").read_text().splitlines()]
