"""The grammar of limits, for what users write and for what they do not mean."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlbench.errors import InputError
from dlbench.judge import limits
from dlbench.judge.limits import Limit
from dlbench.judge.metrics import metric

NAMES = st.text(st.characters(categories=["L", "N"], include_characters="_-."), min_size=1).filter(str.strip)
AMOUNTS = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


class TestGrammar:
    @given(NAMES, AMOUNTS, st.booleans(), st.one_of(st.just(""), NAMES))
    def test_what_is_written_is_read_back(self, name: str, amount: float, is_percent: bool, recipe: str) -> None:
        limit = Limit(name, amount, is_percent, recipe)
        assert limits.parse(str(limit)) == limit

    @given(st.text())
    def test_any_text_is_a_limit_or_one_line_that_says_why_not(self, text: str) -> None:
        problem = ""
        try:
            limits.parse(text)
        except InputError as error:
            problem = str(error)
        assert len(problem.splitlines()) <= 1

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("examples_per_second:5%", Limit("examples_per_second", 5, True)),
            ("test_error_percent:0.5", Limit("test_error_percent", 0.5, False)),
            ("lenet-digits/ms_per_step: 2.5 %", Limit("ms_per_step", 2.5, True, "lenet-digits")),
            ("test_loss:1e-3", Limit("test_loss", 0.001, False)),
        ],
    )
    def test_what_users_write(self, text: str, expected: Limit) -> None:
        assert limits.parse(text) == expected

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ":",
            "ms_per_step",
            ":5%",
            "/ms_per_step:5%",
            "a:",
            "a:-1",
            "a:5%%",
            "a:nan",
            "a:1e999",
            "a:٣",
            "a:010",
            "a:00.5",
            "a:05%",
        ],
    )
    def test_what_is_no_limit(self, text: str) -> None:
        with pytest.raises(InputError, match=r"^--fail "):
            limits.parse(text)


class TestAllowed:
    def test_a_share_of_a_speed_and_an_amount_of_it(self) -> None:
        rate = metric("examples_per_second")
        assert Limit("", 5, True).allowed(rate, 200.0) == 0.05
        assert Limit("", 10, False).allowed(rate, 200.0) == 0.05

    def test_points_of_an_error_and_a_share_of_it(self) -> None:
        error = metric("test_error_percent")
        assert Limit("", 0.5, False).allowed(error, 8.0) == 0.5
        assert Limit("", 5, True).allowed(error, 8.0) == pytest.approx(0.4)


class TestFile:
    def write(self, folder: Path, text: str) -> Path:
        (folder / "limits.yaml").write_text(text)
        return folder / "limits.yaml"

    def test_limits_by_recipe(self, tmp_path: Path) -> None:
        found = limits.load(self.write(tmp_path, "net: {ms_per_step: 5%, test_loss: 0.1}\nother: {test_loss: 1}\n"))
        assert found == [
            Limit("ms_per_step", 5, True, "net"), Limit("test_loss", 0.1, False, "net"),
            Limit("test_loss", 1, False, "other"),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("net: 5%", "net: write its limits below it"),
            ("net: {test_loss: 5 points}", "net: test_loss: '5 points' is not a limit; write 5% or 0.5"),
            ("net: {test_loss: true}", "net: test_loss: True is not a limit"),
            ("net: {test_loss: 010}", "needless 0.*line 1, column 18"),
            ("net: {test_loss: 010%}", "net: test_loss: '010%' is not a limit"),
            ("- net", "not a mapping"),
        ],
    )
    def test_errors_name_the_file_and_the_key(self, tmp_path: Path, text: str, message: str) -> None:
        with pytest.raises(InputError, match=f"limits.yaml: .*{message}"):
            limits.load(self.write(tmp_path, text))


class TestCheck:
    def test_near_misses_are_named(self) -> None:
        with pytest.raises(InputError, match=r"--fail test_los:1: no metric 'test_los' here \(did you mean 'test_l"):
            limits.check([limits.parse("test_los:1")], ["net"], ["test_loss"])
        with pytest.raises(InputError, match=r"neither side has a recipe 'nte' \(did you mean 'net'"):
            limits.check([limits.parse("nte/test_loss:1")], ["net"], ["test_loss"])

    def test_a_metric_without_a_better_side_cannot_be_limited(self) -> None:
        with pytest.raises(InputError, match="no better and no worse side"):
            limits.check([limits.parse("iterations:1")], ["net"], ["iterations"])

    def test_a_file_may_name_recipes_of_other_jobs(self, tmp_path: Path) -> None:
        (tmp_path / "limits.yaml").write_text("other: {test_loss: 1}")
        limits.check(limits.load(tmp_path / "limits.yaml"), ["net"], ["ms_per_step"])


def test_the_limit_of_a_recipe_comes_before_one_for_all_and_the_last_of_several_holds() -> None:
    found = [limits.parse(text) for text in ("net/test_loss:1", "test_loss:2", "net/test_loss:3", "test_loss:4")]
    assert limits.choose(found, "net", "test_loss") == Limit("test_loss", 3, False, "net")
    assert limits.choose(found, "other", "test_loss") == Limit("test_loss", 4, False)
    assert limits.choose(found, "net", "ms_per_step") is None
