"""Environments as a user names them: interpreters, virtual environments, folders."""

import os
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

import psutil
import pytest
import standin
import torch

from dlbench.errors import InputError
from dlbench.judge import environments
from dlbench.judge.environments import Environment, Failed
from dlbench.version import __version__


def recipe(folder: Path, name: str = "mine.yaml") -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text("title: mine")
    return name


class TestFind:
    def test_an_interpreter(self) -> None:
        found = environments.find(sys.executable)
        assert (found.python, found.folder) == (sys.executable, None)
        assert found.versions["torch"] == torch.__version__
        assert str(found).startswith(f"{sys.executable}: Python {sys.version.split()[0]}, torch {torch.__version__}, ")
        assert f"dlbench {__version__} (" in str(found)

    def test_a_folder_with_a_dlbench_runs_that_one_with_this_interpreter(self, tmp_path: Path) -> None:
        found = environments.find(standin.write(tmp_path / "old", {}, "7.0"))
        assert (found.python, found.folder) == (sys.executable, tmp_path / "old")
        assert (found.versions["dlbench"], found.versions["torch"]) == ("7.0", "7.0")

    def test_any_other_folder_runs_this_dlbench(self, tmp_path: Path) -> None:
        (tmp_path / "project" / "torch").mkdir(parents=True)
        (tmp_path / "project" / "torch" / "__init__.py").write_text("__version__ = 'its own'")
        assert environments.find("project").versions["torch"] == "its own"
        assert environments.find("project").versions["dlbench"] == __version__

    def test_a_virtual_environment_without_torch(self, tmp_path: Path) -> None:
        venv.create(tmp_path / "bare", symlinks=True)
        where = tmp_path / "bare" / "bin" / "python"
        with pytest.raises(
            InputError, match=rf"^bare: no dlbench can run there \(.*'torch'\); `{where} -m pip"
        ) as said:
            environments.find("bare")
        assert "\n" not in str(said.value)

    def test_a_virtual_environment_whose_interpreter_is_gone(self, tmp_path: Path) -> None:
        (tmp_path / "gone" / "bin").mkdir(parents=True)
        (tmp_path / "gone" / "pyvenv.cfg").touch()
        (tmp_path / "gone" / "bin" / "python").symlink_to(tmp_path / "nowhere")
        with pytest.raises(InputError, match="gone: a virtual environment without its interpreter"):
            environments.find("gone")

    def test_one_that_lacks_a_package_is_not_taken_for_an_older_one(self, tmp_path: Path) -> None:
        side = standin.write(tmp_path / "side", {"net": [1000]}, turns=True)
        Path(side, "dlbench", "__main__.py").write_text("import nobody_has_this")
        with pytest.raises(
            InputError, match=r"`dlbench time --help` fails there \(.*No module named 'nobody_has_this'\)"
        ):
            _ = environments.find(side).takes_turns

    @pytest.mark.parametrize("words", ["nowhere", "./nowhere", "no\0where", ""])
    def test_nothing(self, words: str) -> None:
        with pytest.raises(InputError, match="no Python interpreter"):
            environments.find(words)

    def test_a_program_of_another_kind(self) -> None:
        with pytest.raises(InputError, match="true: is no Python interpreter"):
            environments.find("true")


class TestNames:
    def test_of_recipes_that_come_with_dlbench_are_left_alone(self) -> None:
        assert environments.names("tour", [Environment("a", "python"), Environment("b", "python")]) == ["tour", "tour"]

    def test_each_folder_has_its_own(self, tmp_path: Path) -> None:
        name = recipe(tmp_path / "old")
        recipe(tmp_path / "new")
        recipe(tmp_path)
        sides = [Environment(side, "python", tmp_path / side) for side in ("old", "new")]
        assert environments.names(name, sides) == [str(tmp_path / side / name) for side in ("old", "new")]
        assert environments.names(name, [sides[0], Environment("a", "python")])[1] == str(tmp_path / name)

    def test_where_no_folder_has_it_ours_is_for_both(self, tmp_path: Path) -> None:
        sides = [Environment(side, "python", tmp_path / side) for side in ("old", "new")]
        assert environments.names(recipe(tmp_path), sides) == [str(tmp_path / "mine.yaml")] * 2

    def test_one_folder_alone_would_lend_the_other_its_modules(self, tmp_path: Path) -> None:
        name = recipe(tmp_path / "new")
        sides = [Environment(side, "python", tmp_path / side) for side in ("old", "new")]
        with pytest.raises(InputError, match=r"^old: has no mine\.yaml"):
            environments.names(name, sides)


class TestDlbench:
    def test_a_failure_is_told_in_one_line(self, tmp_path: Path) -> None:
        side = environments.find(standin.write(tmp_path / "side", {"net": ["out of luck"]}))
        with pytest.raises(Failed, match=r"^out of luck$"):
            side.dlbench(["time", "net", "--repeats", "1"])

    def test_what_the_user_can_mend_is_told_with_the_environment(self, tmp_path: Path) -> None:
        side = environments.find(standin.write(tmp_path / "side", {}))
        with pytest.raises(InputError, match=r"side: unknown recipe or study 'net'$"):
            side.dlbench(["time", "net", "--repeats", "1"])

    def test_an_ending_that_says_nothing(self, tmp_path: Path) -> None:
        standin.write(tmp_path / "side", {})
        (tmp_path / "side" / "dlbench" / "__main__.py").write_text("import os; os.kill(os.getpid(), 9)")
        with pytest.raises(Failed, match=r"^killed by signal 9$"):
            environments.find("side").dlbench(["time"])

    def test_an_interrupt_leaves_no_orphan(self, tmp_path: Path) -> None:
        """A command with a worker in a session of its own, as dlbench's are."""
        standin.write(tmp_path / "side", {})
        (tmp_path / "side" / "dlbench" / "__main__.py").write_text(
            "import subprocess, sys, time\n"
            "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session=True)\n"
            "print(flush=True, file=open('ready', 'w'))\n"
            "try: time.sleep(60)\n"
            "finally: child.terminate(), child.wait()\n"
        )
        code = "import sys; from dlbench.judge.environments import Environment, Path\n"
        code += "Environment('side', sys.executable, Path('side').resolve()).dlbench(['time'])"
        caller = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
        while not (tmp_path / "side" / "ready").exists():
            assert caller.poll() is None
            time.sleep(0.05)
        family = psutil.Process(caller.pid).children(recursive=True)
        caller.send_signal(signal.SIGINT)
        caller.wait(30)
        assert len(family) == 2
        assert not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in family)


def test_a_folder_comes_before_what_is_on_the_path_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    path = Environment("side", "python", tmp_path)._variables["PYTHONPATH"].split(os.pathsep)
    assert (path[0], path[-1]) == (str(tmp_path), "somewhere")
