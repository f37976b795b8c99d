"""dlbench: the lecture "Introduction to Deep Learning" as runnable benchmarks.

In a notebook: `dlbench.run("lenet-digits")` runs and returns a pandas frame, `dlbench.load("results")` reads one back,
`dlbench.groups(frame)` tells which of its runs may be averaged; `tables`, `figure`, `claims` and `show` are what the
commands print. Importing this package loads neither torch nor pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlbench.version import __version__

if TYPE_CHECKING:
    from dlbench.api import claims, figure, groups, load, run, show, tables

__all__ = ["__version__", "claims", "figure", "groups", "load", "run", "show", "tables"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """What a notebook uses, read when it is first used: commands and their processes do without."""
        if name not in __all__:
            raise AttributeError(f"module 'dlbench' has no attribute {name!r}")
        from dlbench import api

        return getattr(api, name)

    def __dir__() -> list[str]:
        """With what was not used yet."""
        return sorted({*globals(), *__all__})
