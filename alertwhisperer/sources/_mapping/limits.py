"""Limits: what a mapping may cost, since its author is not trusted with our time or memory."""

from alertwhisperer.domain.errors import AlertWhispererError

LONGEST_PATH = 512
LONGEST_PATTERN = 512
LONGEST_TEMPLATE = 1_024
DEEPEST_PATH = 48  # nodes of the syntax tree above each other
DEEPEST_TEMPLATE = 3
MOST_PARTS = 400  # paths, patterns, templates and table rows of one mapping
LONGEST_DECODED = 1_000_000
LONGEST_MATCHED = 8_192
LONGEST_JOINED = 65_536
MEMBER_STEPS = 20_000  # some 10 ms
DELIVERY_STEPS = 2_000_000  # some 1 s
PATTERN_MEMORY = 1 << 20


class Exhausted(AlertWhispererError):
    """A mapping looked at more than it may."""


class Budget:
    """Steps that are left; a step is about one value looked at."""

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take steps; `Exhausted` when there are not enough."""
        self.left -= steps
        if self.left < 0:
            raise Exhausted("the mapping looks at too much")
