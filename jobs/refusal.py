"""Why the server cannot start, or cannot go on: a sentence for the person at the terminal."""


class CannotStart(Exception):
    """The server is not started; the message says what is wrong and what to do."""
