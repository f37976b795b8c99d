"""What may be averaged, and which run files are one."""

from typing import Any

import pandas as pd
import pytest

from dlbench.records import grouping

RUN = {
    "recipe": "net", "budget": "short", "device": "cpu", "recipe_digest": "d", "seed": 0, "precision": "fp32",
    "compile": False, "channels_last": True, "cuda_graphs": False, "torch": "2.15.0", "dlbench": "0.2.0",
    "code": "c0de0001", "dataset_digest": "data1", "threads": 2, "jobs": 1, "fingerprint": "1a2b", "machine": "EPYC",
}  # fmt: skip


def kinds(*changes: dict[str, Any]) -> int:
    """In how many groups runs are that differ from RUN in these ways, and RUN itself."""
    return len(set(grouping.identities(pd.DataFrame([RUN, *(RUN | {"seed": 1} | each for each in changes)]))))


@pytest.mark.parametrize(
    "change",
    [
        {"recipe_digest": "other"}, {"budget": "full"}, {"device": "cuda:0"}, {"precision": "bf16"}, {"compile": True},
        {"channels_last": False}, {"cuda_graphs": True}, {"code": "c0de0002"}, {"code": ""}, {"torch": "2.14.1"},
        {"processes": 2}, {"batch": "local"},
        {"runtime": "onnxruntime 1.32.0"},
    ],
)  # fmt: skip
def test_what_changes_results_is_never_averaged(change: dict[str, Any]) -> None:
    assert kinds(change) == 2


@pytest.mark.parametrize(
    "change",
    [
        {}, {"threads": 8}, {"jobs": 2}, {"fingerprint": "ffff", "machine": "Xeon"}, {"torch": "2.15.1+cpu"},
        {"dlbench": "0.3.0"},
    ],
)  # fmt: skip
def test_what_leaves_results_alone_is_one_group(change: dict[str, Any]) -> None:
    assert kinds(change) == 1


def test_runs_that_do_not_know_their_code_are_one_group_whatever_their_torch() -> None:
    runs = pd.DataFrame([RUN | {"code": ""}, RUN | {"code": "", "torch": "2.13.0", "dlbench": "0.0.9", "seed": 1}])
    assert len(set(grouping.identities(runs))) == 1
    older = runs.drop(columns=["code", "cuda_graphs", "compile", "channels_last", "dataset_digest"])
    assert set(grouping.identities(older)) == set(grouping.identities(runs))


class TestData:
    def test_one_seed_on_two_data_sets_parts_all_seeds_by_their_data(self) -> None:
        seen = [(0, "old"), (1, "old"), (0, "new"), (2, "new")]
        runs = pd.DataFrame([RUN | {"seed": seed, "dataset_digest": data} for seed, data in seen])
        assert [identity.data for identity in grouping.identities(runs)] == ["old", "old", "new", "new"]

    def test_data_that_some_seeds_share_and_others_did_not_see_have_changed(self) -> None:
        assert kinds({"dataset_digest": "data1"}, {"dataset_digest": "data2", "seed": 2}) == 2

    def test_data_drawn_by_the_seed_are_one_group(self) -> None:
        assert kinds({"dataset_digest": "data2"}, {"dataset_digest": "data3", "seed": 2}) == 1

    def test_a_run_that_never_saw_its_data_parts_nobody(self) -> None:
        assert kinds({"dataset_digest": None}) == 1


class TestCopies:
    BEGUN, ENDED = ("recipe", "seed", "started"), ("status", "seconds")

    def sifted(self, *rows: dict[str, Any]) -> tuple[list[str], list[str]]:
        kept, told = grouping.without_copies([dict(row) for row in rows], self.BEGUN, self.ENDED)
        return [row["path"] for row in kept], told

    @staticmethod
    def row(path: str, **changes: Any) -> dict[str, Any]:
        whole = {"recipe": "net", "seed": 0, "started": "2026-01-01", "status": "finished", "seconds": 1.5}
        return whole | {"path": path} | changes

    def test_of_copies_the_one_least_deep_stays_and_one_warning_counts_the_others(self) -> None:
        kept, told = self.sifted(self.row("r/a/old/net/0"), self.row("r/net/0"), self.row("r/b/old/net/0"))
        assert kept == ["r/net/0"]
        assert told == ["r/a/old/net/0: a copy of another run file, which counts once; so are 1 more"]

    def test_a_copy_made_while_the_run_was_under_way_is_one(self) -> None:
        cut = self.row("r/copy/0", status="unfinished", seconds=None)
        assert self.sifted(cut, self.row("r/net/0"))[0] == ["r/net/0"]
        assert self.sifted(cut, cut | {"path": "r/0"})[0] == ["r/0"]

    def test_another_seed_date_or_end_makes_another_run(self) -> None:
        others = [self.row("b", seed=1), self.row("c", started="2026-01-02"), self.row("d", seconds=1.6)]
        assert self.sifted(self.row("a"), *others) == (["a", "b", "c", "d"], [])
