"""What a reader makes of text that may be bad, for tests that draw it."""

from dlbench.errors import InputError


def read_or_refused(read, *words):
    """What was read and an empty text, or None and the message, which has to be one line."""
    try:
        return read(*words), ""
    except InputError as error:
        message = str(error)
    assert message.isprintable()
    return None, message
