"""Custom mappings: for tools whose body a company shapes itself, what goes where is data, never code."""

from collections.abc import Callable

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.engine import Mapper, compile_mapping
from alertwhisperer.sources._mapping.response import compile_response
from alertwhisperer.sources._mapping.trial import explain

__all__ = [
    "Mapper",
    "compile_mapping",
    "compile_response",
    "explain",
    "mapping_complaint",
    "response_complaint",
]


def mapping_complaint(value: object) -> str | None:
    """For a setting that is a mapping, or nothing: what is wrong with it, or None."""
    return _complaint(compile_mapping, value)


def response_complaint(value: object) -> str | None:
    """The same for a setting that is a response."""
    return _complaint(compile_response, value)


def _complaint(compiled: Callable[[object], object], value: object) -> str | None:
    if value is None:
        return None
    try:
        compiled(value)
    except Invalid as wrong:
        return f"{wrong.what} (at {wrong.where or 'the top'})" + (f"; {wrong.mend}" if wrong.mend else "")
    return None
