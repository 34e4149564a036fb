"""Which source, key and tail a path names, also when a tool insists on the paths of another maker's API."""

import pytest

from alertwhisperer.ingest.request import DETECT, Paths, wanted_headers
from alertwhisperer.sources.contract import Parsed, Source


def source(slug: str, *paths: str) -> Source:
    return Source(
        slug=slug,
        title=slug,
        docs="https://example.org",
        version=1,
        parse=lambda inbound: Parsed(()),
        setup="",
        can_send=("header",),
        paths=paths,
    )


SOURCES = {"plain": source("plain"), "pager": source("pager", "/v2/enqueue"), "desk": source("desk", "/v2/alerts")}
PATHS = Paths(SOURCES)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/api/webhooks/plain", ("plain", None, "")),
        ("/api/webhooks/plain/", ("plain", None, "")),
        ("/api/webhooks/plain/KEY", ("plain", "KEY", "")),
        ("/api/webhooks/pager", ("pager", None, "")),
        ("/api/webhooks/pager/KEY", ("pager", "KEY", "")),
        ("/api/webhooks/pager/v2/enqueue", ("pager", None, "v2/enqueue")),
        ("/api/webhooks/pager/KEY/v2/enqueue", ("pager", "KEY", "v2/enqueue")),
        ("/v2/enqueue", ("pager", None, "v2/enqueue")),
        ("/v2/alerts", ("desk", None, "v2/alerts")),
        ("/v2/alerts/a%2Fb/close", ("desk", None, "v2/alerts/a%2Fb/close")),
        ("/api/webhooks/desk/v2/alerts/x/close", ("desk", None, "v2/alerts/x/close")),
        ("/alerts", (DETECT, None, "")),
        ("/api/webhooks/alerts", (DETECT, None, "")),
        ("/api/webhooks/", (DETECT, None, "")),
    ],
)
def test_a_path_names_source_key_and_tail(path: str, wanted: tuple[str, str | None, str]) -> None:
    assert PATHS.has(path)
    assert PATHS.split(path.replace("%2F", "/"), path) == wanted


@pytest.mark.parametrize(
    "path", ["/", "/v2", "/v2/enqueued", "/v2/alertsx", "/api/companies", "/alertsx", "/health/ready"]
)
def test_what_belongs_to_people_is_left_to_them(path: str) -> None:
    assert not PATHS.has(path)


def test_two_sources_cannot_answer_one_path() -> None:
    with pytest.raises(ValueError, match="one path"):
        Paths({"a": source("a", "/v2/x"), "b": source("b", "/v2/x")})


def test_a_source_sees_only_the_headers_that_it_names() -> None:
    headers = {"ce-id": "1", "ce-type": "t", "cookie": "c", "x-one": "1"}
    assert wanted_headers(headers, ("ce-*", "x-one", "x-two")) == {"ce-id": "1", "ce-type": "t", "x-one": "1"}
