"""Serving the console: one page for its addresses, files that may be kept, and a policy that lets nothing else run."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from alertwhisperer.api.console import PAGES, ConsoleDoor, is_page
from alertwhisperer.console.site import Site, read_site

_PAGE = '<meta name="csp-nonce" content="__NONCE__"><script type="module" src="/assets/index-1.js"></script>'
_SCRIPT = "export const words = [" + '"calm", ' * 500 + "];"
_ROUTER = Path(__file__).parents[2] / "web" / "src" / "router.tsx"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(_PAGE)
    (tmp_path / "assets" / "index-1.js").write_text(_SCRIPT)
    (tmp_path / "icon.svg").write_text("<svg/>")
    return read_site(tmp_path)


@pytest.fixture
async def client(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(ConsoleDoor(site, secure=True))
    async with httpx.AsyncClient(transport=transport, base_url="https://testserver") as opened:
        yield opened


async def test_every_answer_has_a_nonce_of_its_own_in_page_and_policy(client: httpx.AsyncClient) -> None:
    nonces = set()
    for _ in range(3):
        answer = await client.get("/incidents/4821?tab=timeline")
        [nonce] = re.findall('content="([^"]+)"', answer.text)
        policy = answer.headers["content-security-policy"]
        assert f"style-src 'self' 'nonce-{nonce}'" in policy
        assert "script-src 'self';" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        nonces.add(nonce)
    assert len(nonces) == 3


async def test_a_file_is_packed_kept_and_asked_for_once(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/index-1.js")
    assert answer.text == _SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" in answer.headers
    plain = await client.get("/assets/index-1.js", headers={"Accept-Encoding": "identity"})
    assert plain.text == _SCRIPT
    assert "content-encoding" not in plain.headers
    again = await client.get("/assets/index-1.js", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "no-cache" in (await client.get("/icon.svg")).headers["cache-control"]


def test_packed_is_the_same(site: Site) -> None:
    file = site.files["/assets/index-1.js"]
    assert file.packed is not None
    assert gzip.decompress(file.packed) == file.body
    assert site.files["/icon.svg"].packed is None  # too small to be worth it


def asked(path: str, method: str = "GET", accept: str = "text/html,*/*") -> dict[str, object]:
    return {"type": "http", "path": path, "method": method, "headers": [(b"accept", accept.encode())]}


@pytest.mark.parametrize(
    ("scope", "takes"),
    [
        (asked("/"), True),
        (asked("/alerts"), True),
        (asked("/alerts", "POST"), False),  # a tool that sends there
        (asked("/alerts", accept="application/json"), False),
        (asked("/incidents/1"), True),
        (asked("/incidentsX"), False),
        (asked("/api/incidents"), False),
        (asked("/sign-in"), False),
        (asked("/assets/index-1.js", accept="*/*"), True),
        (asked("/assets/../index.html", accept="*/*"), False),
        (asked("/assets/absent.js", accept="*/*"), False),
    ],
)
def test_it_takes_its_own_and_nothing_else(site: Site, scope: dict[str, object], takes: bool) -> None:
    assert ConsoleDoor(site, secure=False).takes(scope) is takes


async def test_without_a_built_console_a_page_says_how_to_build_it(tmp_path: Path) -> None:
    door = ConsoleDoor(read_site(tmp_path), secure=False)
    assert not door.is_built
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="http://testserver") as client:
        answer = await client.get("/board")
    assert answer.status_code == 503
    assert "make web" in answer.text


def test_the_server_and_the_console_know_the_same_pages() -> None:
    routed = {path.split("/")[1] for path in re.findall(r'page\("(/[^"]+)"', _ROUTER.read_text())}
    assert routed == set(PAGES)
    assert all(is_page(f"/{one}") for one in PAGES)
