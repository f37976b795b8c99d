"""What a user can mend."""


class InputError(Exception):
    """Bad input; the message is one line that names the thing and the way out."""
