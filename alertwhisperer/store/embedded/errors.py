"""What stops the embedded PostgreSQL, in words for the person who starts the product."""


class EmbeddedServerError(Exception):
    """
    The embedded server cannot serve, and trying again alone will not help.

    Args:
        what: what is wrong, in a sentence.
        mend: what to do about it; empty when only the log can tell.
    """

    def __init__(self, what: str, *, mend: str = "") -> None:
        super().__init__(f"{what} {mend}".strip())
        self.what = what
        self.mend = mend
