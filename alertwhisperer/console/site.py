"""Reads the console's built files once, so that serving one is a look-up."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BUILT = Path(__file__).parent / "built"

_TEXTS = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_TYPES = {".js": "text/javascript", ".webmanifest": "application/manifest+json", ".svg": "image/svg+xml"}
_WORTH_PACKING = 1_024  # bytes; below it the headers cost more than is saved


@dataclass(frozen=True, slots=True)
class File:
    """
    One file.

    Attributes:
        packed: by gzip; None where it would not help.
        tag: changes with the content.
    """

    media_type: str
    body: bytes
    packed: bytes | None
    tag: str


@dataclass(frozen=True, slots=True)
class Site:
    """
    The console.

    Attributes:
        page: the one page that all addresses of the console answer; None when the console is not built.
        files: everything else, by path from the site's root.
    """

    page: bytes | None
    files: Mapping[str, File]


def read_site(folder: Path = BUILT) -> Site:
    """What was built; nothing, when nothing was."""
    page = folder / "index.html"
    files = {
        "/" + path.relative_to(folder).as_posix(): _read(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != page
    }
    return Site(page.read_bytes() if page.is_file() else None, files)


def _read(path: Path) -> File:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    body = path.read_bytes()
    is_text = kind.startswith(_TEXTS) and len(body) >= _WORTH_PACKING
    return File(kind, body, gzip.compress(body, mtime=0) if is_text else None, hashlib.sha256(body).hexdigest()[:32])
