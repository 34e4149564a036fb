"""What fields of requests may hold: text that PostgreSQL takes, moments with a zone, and objects without surprises."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, WithJsonSchema

# PostgreSQL's text has no NUL; lone surrogates are refused by pydantic itself.
NO_NUL = r"^[^\x00]*$"

Text: TypeAlias = Annotated[str, Field(pattern=NO_NUL, max_length=1_000)]
LongText: TypeAlias = Annotated[str, Field(pattern=NO_NUL, min_length=1, max_length=10_000)]

Whole: TypeAlias = Annotated[int, Field(strict=True)]
"""An integer of a JSON body: neither true, nor 1.0, nor "1"."""
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
"""true or false, not "yes"."""

SeverityWord: TypeAlias = Literal["critical", "high", "medium", "low", "info"]
AlertStatusWord: TypeAlias = Literal["firing", "resolved"]
IncidentWord: TypeAlias = Literal["open", "acknowledged", "resolved", "merged"]

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _in_range(moment: datetime) -> datetime:
    if not _EARLIEST <= moment < _LATEST:
        raise ValueError("the moment must lie between the years 2000 and 2200")
    return moment.astimezone(UTC)


Moment: TypeAlias = Annotated[
    AwareDatetime,
    AfterValidator(_in_range),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-03-01T08:00:00Z"]}),
]
"""RFC 3339 with a zone, from 2000 to 2199; UTC inside."""


class Asked(BaseModel):
    """Base of what a request says: an unknown field is refused, so that a slip of the pen is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shown(BaseModel):
    """Base of what an answer says."""

    model_config = ConfigDict(frozen=True)


def example(fields: Mapping[str, Any]) -> ConfigDict:
    """For a model's `model_config`: what one looks like, in the OpenAPI document."""
    return ConfigDict(json_schema_extra={"examples": [dict(fields)]})
