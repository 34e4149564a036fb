"""A control of a framework: what of the product helps with it, and what stays with whoever runs the product."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Control:
    """
    One criterion or control.

    Attributes:
        id: as the framework numbers it.
        subject: what it is about, in our words; the framework's own text is what counts.
        capabilities: slugs of what helps; none: it is the operator's alone.
        duty: what stays with whoever runs the product.
    """

    id: str
    subject: str
    capabilities: tuple[str, ...]
    duty: str
