"""What to set on a tool's side, with the address and the key filled in."""

from pathlib import Path

import alertwhisperer.sources
from alertwhisperer.sources.contract import Source


def webhook_url(server: str, source: str) -> str:
    """Where a tool of this source sends to."""
    return f"{server}/api/webhooks/{source}"


def filled(source: Source, url: str, api_key: str) -> str:
    """The source's setup text; only the two placeholders are touched, since the text may hold other braces."""
    return readable(source).replace("{webhook_url}", url).replace("{api_key}", api_key)


def readable(source: Source) -> str:
    """The source's setup text for a terminal: files that it links to are named where they lie on this machine."""
    folder = Path(alertwhisperer.sources.__file__).parent
    return source.setup.replace("](files/", f"]({folder}/files/")
