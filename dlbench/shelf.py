"""Where named recipes and studies lie: the repository's `recipes/` folder, a copy of which is inside the wheel."""

from __future__ import annotations

from pathlib import Path

from dlbench.errors import InputError
from dlbench.reading import near


def folder() -> Path:
    """The folder of the recipes that come with dlbench."""
    package = Path(__file__).parent
    bundled = package / "recipes"
    return bundled if bundled.is_dir() else package.parent / "recipes"


def recipes() -> dict[str, Path]:
    """The recipes that come with dlbench: name -> file."""
    return {path.stem: path for path in sorted(folder().glob("*.yaml"), key=_by_number)}


def studies() -> dict[str, Path]:
    """The studies that come with dlbench: name -> file."""
    return {path.stem: path for path in sorted((folder() / "studies").glob("*.yaml"))}


def find(name: str, beside: Path | None = None) -> Path:
    """The file behind a name or a path; a file `<name>.yaml` in the folder `beside` goes first.

    Raises InputError, with near misses, if there is none.
    """
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = Path(name)
        if not path.exists():
            raise InputError(f"{name}: no such file")
        return path
    if beside is not None and (beside / f"{name}.yaml").exists():
        return beside / f"{name}.yaml"
    known = recipes() | studies()
    if name not in known:
        raise InputError(f"unknown recipe or study '{name}'{near(name, known)}; `dlbench list` shows all")
    return known[name]


def is_study(path: Path) -> bool:
    """Whether the file holds a study: the ones shipped by their folder, a user's own by its key `recipes`."""
    if path.parent.name == "studies":
        return True
    from dlbench.reading import read_mapping

    return "recipes" in read_mapping(path)


def _by_number(path: Path) -> list[tuple[int, int, str]]:
    """Sort key by which resnet-20 stands before resnet-110."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in path.stem.split("-")]
