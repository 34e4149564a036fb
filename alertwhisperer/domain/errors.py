"""The three kinds of failure, by what the one who meets it should do."""

from datetime import timedelta


class AlertWhispererError(Exception):
    """Base of the product's own errors; its text is safe to show to the person who caused it."""


class Invalid(AlertWhispererError):
    """
    The caller must change something.

    Args:
        what: what is wrong, in a sentence.
        where: the field, header or path that is wrong; empty when the whole is meant.
        mend: what to do about it.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend


class NotFound(Invalid):
    """Nothing there that the caller may see: absent and forbidden look the same."""


class Forbidden(Invalid):
    """The caller is known, and may not."""


class Conflicting(Invalid):
    """The request fits the contract and not the present state."""


class Temporary(AlertWhispererError):
    """Try again, not before `retry_after`."""

    def __init__(self, what: str, *, retry_after: timedelta = timedelta(seconds=1)) -> None:
        super().__init__(what)
        self.retry_after = retry_after


class Throttled(Temporary):
    """The caller asked too often: wait."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__("too many tries: wait, then try again", retry_after=wait)


class Permanent(AlertWhispererError):
    """Stop and tell a person: trying again cannot help."""
