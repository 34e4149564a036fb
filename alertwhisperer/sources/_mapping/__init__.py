"""Custom mappings: for tools whose body a company shapes itself, what goes where is data, never code."""

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.sources._mapping.engine import Mapper, compile_mapping
from alertwhisperer.sources._mapping.trial import Match, TriedMember, TriedSample, try_on

__all__ = ["Mapper", "Match", "TriedMember", "TriedSample", "compile_mapping", "mapping_complaint", "try_on"]


def mapping_complaint(value: object) -> str | None:
    """For a setting that is a mapping, or nothing: what is wrong with it, or None."""
    if value is None:
        return None
    try:
        compile_mapping(value)
    except Invalid as wrong:
        return f"{wrong.what} (at {wrong.where or 'the top'})" + (f"; {wrong.mend}" if wrong.mend else "")
    return None
