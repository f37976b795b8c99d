"""What a page is sent of files that grow, are cut back, replaced or damaged."""

import json
from pathlib import Path

import growth

from dlbench.live.curves import Curves
from dlbench.records import raw_files


def test_what_a_checkpoint_cut_back_is_told_anew(tmp_path: Path) -> None:
    lines = growth.run_file().decode().splitlines(keepends=True)
    path = tmp_path / "run.jsonl"
    path.write_text("".join(lines[:6]))
    curves = Curves(lambda: [(raw_files.one(path), False)])
    told = json.loads(curves.since(0))
    path.write_text("".join(lines[:3] + lines[5:9]))
    curves.over = "over"  # looks at once
    again = json.loads(curves.since(told["after"]))
    assert again["events"][0]["event"] == "start"
    assert len(again["events"]) == 7
    assert json.loads(curves.since(again["after"]))["events"] == []


def test_what_an_earlier_try_left_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(growth.run_file())
    planned = {str(path): ("mine", 3)}
    curves, later = (Curves(lambda: [(raw_files.one(path), True)], planned) for _ in range(2))
    assert json.loads(curves.since(0))["events"] == [{"run": 0, "event": "planned", "recipe": "mine", "seed": 3}]
    path.write_bytes(growth.run_file().splitlines(keepends=True)[0])
    curves.over = "over"
    for asked in (curves, later):  # whenever a page is opened
        assert [event["event"] for event in json.loads(asked.since(1))["events"]] == ["start"]


def test_a_file_that_is_no_run_costs_nothing_but_itself(tmp_path: Path) -> None:
    files = {
        "a": b"\xff{]\n",
        "b": b'{"event": "start"}\n',
        "c": growth.run_file(),
        "d": b'{"event": "lap", "step": 1}\n',
    }
    for name, content in files.items():
        (tmp_path / f"{name}.jsonl").write_bytes(content)
    curves = Curves(lambda: ((raw_files.one(file), False) for file in sorted(Path().glob("*.jsonl"))))
    assert {event["file"] for event in json.loads(curves.since(0))["events"] if event["event"] == "start"} == {
        "c.jsonl"
    }
