"""Why following ends: each carries a sentence for people."""


class Stop(Exception):
    """Coming back would not help."""


class SignInAgain(Exception):
    """The sign-in counts no longer, or there was none."""


class ReaderGone(Exception):
    """Nobody reads what we write any more, which is no failure."""


class Unavailable(Exception):
    """The server cannot be asked now; later it may."""


def printable(text: object) -> str:
    """Text of a server's, without what a terminal would take for a command."""
    return "".join(c for c in str(text) if c.isprintable())
