"""The ways to targets that this installation knows, and what a person must say to use one."""

import re
from collections.abc import Mapping, Sequence

from alertwhisperer import executors as folder
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.executors.contract import Executor, Setting
from alertwhisperer.kit import registry

LONGEST_VALUE = 16_384
"""Characters; a certificate with many principals has four thousand."""


def all_ways() -> Mapping[str, Executor]:
    """The executors, by slug."""
    return registry.load(folder, "EXECUTOR", Executor)


def way_of(slug: str) -> Executor:
    """One of them; raises `Invalid` when there is none."""
    ways = all_ways()
    if slug not in ways:
        raise Invalid(f"{slug!r} is no way to a target", where="executor", mend=f"use one of {', '.join(ways)}")
    return ways[slug]


def tells_as_it_comes(slug: str) -> bool:
    """Whether an executor hears output while a script runs; one that is not here any more says nothing."""
    way = all_ways().get(slug)
    return way is not None and way.tells_as_it_comes


def fingerprint_of(slug: str, settings: Mapping[str, str]) -> str:
    """What tells a binding's target from any other; empty where its executor is not here any more."""
    way = all_ways().get(slug)
    return "" if way is None else way.fingerprint(settings)


def filled(settings: Sequence[Setting], given: Mapping[str, str], *, within: str) -> dict[str, str]:
    """
    What a person gave, checked, with defaults for the rest; empty values are left out.

    Args:
        within: what `where` of a failure begins with.

    Raises:
        Invalid: one that there is not, one that is missing, or one that does not fit; never quotes a secret.
    """
    known = {one.name: one for one in settings if not one.is_external_id}
    for name in given:
        if name not in known:
            raise Invalid(
                f"there is no {name!r} here", where=f"{within}.{name}", mend=f"the names are: {', '.join(known)}"
            )
    found = {name: (given.get(name) or one.default).strip() for name, one in known.items()}
    for name, one in known.items():
        _check(one, found[name], f"{within}.{name}")
    return {name: value for name, value in found.items() if value}


def _check(setting: Setting, value: str, where: str) -> None:
    if not value:
        if setting.required:
            raise Invalid(f"{setting.name} is needed", where=where, mend=setting.description)
        return
    if len(value) > LONGEST_VALUE:
        raise Invalid(f"{setting.name} has {len(value)} characters", where=where, mend=f"at most {LONGEST_VALUE}")
    forbidden = "\0" if setting.lines else "\0\r\n"
    if set(value) & set(forbidden) or (setting.pattern and not re.fullmatch(setting.pattern, value)):
        raise Invalid(f"{setting.name} is not of the form that is needed", where=where, mend=setting.description)
