"""Finds what an open folder holds: one module, one entry, no list to keep up to date."""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType, ModuleType
from typing import TypeVar

T = TypeVar("T")


def load(package: ModuleType, attribute: str, kind: type[T]) -> Mapping[str, T]:
    """
    Import each module of an open folder and collect what it declares.

    Args:
        package: the folder's package, e.g. `alertwhisperer.sources`.
        attribute: the name that each module must define; `contract` and names with a leading underscore are skipped.
        kind: the declared type; it has a `slug`.

    Returns:
        Entries by slug, in the slugs' order; read-only.

    Raises:
        TypeError: a module declares nothing, or something else.
        ValueError: two modules declare one slug.
    """
    found: dict[str, T] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda i: i.name):
        if info.name == "contract" or info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        entry = getattr(module, attribute, None)
        if not isinstance(entry, kind):
            raise TypeError(f"{module.__name__} must define {attribute}: {kind.__name__}, found {type(entry).__name__}")
        slug: str = entry.slug  # type: ignore[attr-defined]  # every contract has a slug; a Protocol cannot be a kind
        if slug in found:
            raise ValueError(f"{module.__name__} declares the slug {slug!r}, which another module has")
        found[slug] = entry
    return MappingProxyType(found)
