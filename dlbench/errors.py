"""What a user can mend."""

from importlib.util import find_spec

TORCH = ("torch", "torchvision")
INSTALL_TORCH = "pip install torch torchvision"


class InputError(Exception):
    """Bad input; the message is one line that names the thing and the way out."""

    def _render_traceback_(self) -> list[str]:
        """All that a notebook shows of it: where it was raised is of no help."""
        return [f"{type(self).__name__}: {self}"]


def has_torch() -> bool:
    """Whether torch and torchvision are installed; imports neither."""
    return all(find_spec(name) for name in TORCH)


def is_about_torch(error: BaseException) -> bool:
    """Whether torch or torchvision was looked for and is not installed."""
    return isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in TORCH
