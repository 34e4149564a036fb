"""Cells of sheets: text that a spreadsheet shows and never reckons with."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def inert_cell(text: str) -> str:
    """Text that no spreadsheet reckons with: an apostrophe goes before what looks like the beginning of a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text
