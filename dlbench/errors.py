"""What a user can mend."""


class InputError(Exception):
    """Bad input; the message is one line that names the thing and the way out."""

    def _render_traceback_(self) -> list[str]:
        """All that a notebook shows of it: where it was raised is of no help."""
        return [f"{type(self).__name__}: {self}"]
