"""What ends a preparation."""


class CannotPrepare(Exception):
    """A server did not answer, or refused. The message says which and what."""


__all__ = ["CannotPrepare"]
