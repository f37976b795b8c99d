"""What a notebook uses, called as a cell calls it."""

import inspect
import subprocess
import sys
from pathlib import Path

import own
import pytest
from typer.testing import CliRunner

import dlbench
from dlbench import api, cli
from dlbench.cli import calling, options
from dlbench.cli.run import run as verb
from dlbench.errors import InputError

ROOT = Path(__file__).parents[1]
NASTY = "<script>alert('mine & yours')</script>"
STUDY = f"""
title: "{NASTY}"
recipes: [./plain.yaml]
claims:
  - says: "It errs on {NASTY} at most"
    metric: test_error_percent
    of: plain
    relation: less
    than: 101
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder with a recipe and a study of one's own, and two runs, made by dlbench.run."""
    folder = tmp_path_factory.mktemp("own")
    own.write(folder, "plain", f'published: {{parameters: 650}}\nsource: "{NASTY}"\n')
    (folder / "mine.yaml").write_text(STUDY)
    made = dlbench.run(
        str(folder / "plain.yaml"), seeds=range(2), device="cpu", threads=1, settings="training.lr=0.2",
        precision="fp32", accept=["code"], for_="1h", out=folder / "out", export_csv=folder / "values.csv",
    )  # fmt: skip
    return folder, made


def test_importing_and_looking_at_it_loads_neither_torch_nor_pandas():
    code = "import dlbench, inspect, sys; inspect.signature(dlbench.run); print({'torch', 'pandas'} & {*sys.modules})"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
    code = "import dlbench, sys; print('typer' in sys.modules, *dir(dlbench))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("False")
    assert set(dlbench.__all__) <= set(done.stdout.split())


def test_run_takes_every_option_of_the_command_with_its_default():
    command, called = inspect.signature(verb).parameters, inspect.signature(dlbench.run).parameters
    assert [*called] == [name for name in command if name not in api.PRINTED]
    assert all(called[name].default == command[name].default for name in called if name != "names")
    assert all(f"\n{name}: " in dlbench.run.__doc__ for name in called)


def test_a_value_means_what_it_means_on_the_command_line():
    given = calling.arguments(
        "run", ["xor"],
        {"seeds": [0, 2], "settings": ["a=1,2", "b=3"], "accept": ["data"], "out": Path("x"), "fresh": True,
         "compile": False, "channels_last": False, "timeout": 1.5, "threads": None, "for_": "1h"},
    )  # fmt: skip
    assert given == {
        **{name: parameter.default for name, parameter in inspect.signature(verb).parameters.items()},
        "names": ["xor"], "seeds": "0,2", "settings": ["a=1,2", "b=3"], "accept": [options.Change.data],
        "out": Path("x"), "fresh": True, "channels_last": False, "timeout": 1.5, "for_": "1h",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("names", "wrong", "words"),
    [
        (["xor"], {"seed": [0]}, "unknown option 'seed' (did you mean 'seeds'?)"),
        (["xor"], {"precision": "fp17"}, "'fp17' is not one of"),
        (["xor"], {"threads": 0}, "greater than or equal to 1"),
        (["xor"], {"seeds": [-1]}, "--seeds -1"),
        (["xor"], {"settings": ["training.lrr=1"]}, "unknown key 'lrr'"),
        (["--help"], {}, "--help"),
        ([], {}, "Missing argument"),
    ],
)
def test_what_the_command_refuses_is_an_input_error(names, wrong, words):
    with pytest.raises(InputError) as caught:
        dlbench.run(*names, **wrong)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_frame_begins_with_what_a_reader_wants_first(results):
    folder, runs = results
    assert [*runs][:7] == [
        "recipe", "budget", "seed", "status", "test_error_percent", "training_seconds", "examples_per_second",
    ]  # fmt: skip
    assert runs["status"].tolist() == ["finished", "finished"]
    assert runs["recipe_json"][0]["training"]["lr"] == 0.2
    assert [*dlbench.load(folder / "out")] == [*runs]
    (group,) = dlbench.groups(runs)
    assert group.seeds == [0, 1]
    assert "test_error_percent" in (folder / "values.csv").read_text()


def test_outputs_are_text_and_html_of_the_same_and_a_user_s_words_stay_words(results):
    folder, _ = results
    study, out = str(folder / "mine.yaml"), folder / "out"
    outputs = [
        dlbench.tables(study, results=out), dlbench.claims(study, results=out), dlbench.figure(study, results=out),
        dlbench.show(study), dlbench.show(str(folder / "plain.yaml"), ["training.lr=0.3"]),
    ]  # fmt: skip
    for output in outputs:
        assert "<script" not in output._repr_html_()
        assert "\x1b" not in repr(output)
    tables, claims, figure, card, own_card = outputs
    shown = dlbench.load(out)["test_error_percent"].mean()
    assert f"{shown:.0f}" in repr(tables)
    assert "&lt;script&gt;" in claims._repr_html_()
    assert tables.value[0].frame["recipe"].tolist() == ["plain"]
    assert claims.value[0].claim.than == 101
    assert 'src="data:image/svg+xml' in figure._repr_html_()
    assert "test error %" in repr(figure)
    figure.value.savefig(folder / "figure.png")
    assert "&lt;script&gt;" in card._repr_html_()
    assert "lr 0.3" in repr(own_card)


@pytest.mark.parametrize(
    ("verb", "function", "name", "pack"),
    [
        ("claims", dlbench.claims, "gates", "gates.jsonl.gz"),
        ("report", dlbench.tables, "xor", "tour.jsonl.gz"),
        ("show", lambda name, results: dlbench.show(name), "lenet-digits", ""),
    ],
)
def test_they_say_what_the_commands_say(verb, function, name, pack, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(api.WIDTH))
    pack = str(ROOT / "results" / pack)
    printed = CliRunner().invoke(cli.app, [verb, name, *(["--results", pack] if pack.endswith(".gz") else [])]).stdout
    assert f"{function(name, results=pack)!r}\n" == printed


@pytest.mark.slow
def test_an_interrupt_is_raised_once_and_what_is_finished_is_kept(tmp_path, monkeypatch):
    from dlbench.trials import progress

    say, out = progress.Plain.__call__, tmp_path / "out"

    def interrupt(self, trials, event):
        if event.kind == "lap" and trials[0].recipe.name == "slow":
            raise KeyboardInterrupt
        say(self, trials, event)

    monkeypatch.setattr(progress.Plain, "__call__", interrupt)
    with pytest.raises(KeyboardInterrupt):
        dlbench.run(*(own.write(tmp_path, name) for name in ("plain", "slow")), seeds=0, threads=1, out=out)
    assert dlbench.load(out)["status"].tolist() == ["finished", "interrupted"]
