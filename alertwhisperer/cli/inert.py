"""The terminal's one encoder: text of strangers cannot move the cursor, colour the screen or turn the line round."""

import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def inert(text: str, *, longest: int = 2_000) -> str:
    """
    One line that a terminal shows and never obeys.

    Control, format (the ones that turn writing round) and private characters become `·`, line ends become spaces.
    """
    flat = " ".join(text.split())
    shown = flat if len(flat) <= longest else flat[: longest - 1] + "…"
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join("·" if unicodedata.category(letter) in _UNSAFE else letter for letter in shown)
