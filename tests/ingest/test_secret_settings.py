"""A secret setting is sealed where it is stored, shown as `***`, and reaches the source's own checks alone."""

from uuid import UUID

import pytest

from alertwhisperer.domain.company import CompanyId
from alertwhisperer.domain.errors import Invalid, Permanent
from alertwhisperer.guard.vault import Vault
from alertwhisperer.ingest.secret_settings import (
    SHOWN,
    is_sealed,
    masked,
    open_secrets,
    seal_secrets,
    without_secrets,
)
from alertwhisperer.sources.contract import Parsed, Setting, Source
from tests.server import MASTER

COMPANY, OTHER = CompanyId(UUID(int=1)), CompanyId(UUID(int=2))
INTEGRATION = UUID(int=3)
TOY = Source(
    slug="toy",
    title="Toy",
    docs="https://example.org",
    version=1,
    parse=lambda inbound: Parsed(()),
    setup="",
    can_send=("header",),
    settings=(
        Setting("token", "a secret", None, lambda value: None, secret=True),
        Setting("zone", "not one", "UTC", lambda value: None),
    ),
)


@pytest.fixture
def locker() -> Vault:
    return Vault(MASTER)


def test_what_is_stored_and_shown_holds_no_secret(locker: Vault) -> None:
    stored = seal_secrets(locker, TOY, COMPANY, INTEGRATION, {"token": "hunter2", "zone": "UTC"}, {})
    assert "hunter2" not in repr(stored)
    assert is_sealed(stored["token"])
    assert masked(stored) == {"token": SHOWN, "zone": "UTC"}
    assert without_secrets(TOY, stored) == {"token": None, "zone": "UTC"}
    assert open_secrets(locker, TOY, COMPANY, INTEGRATION, stored) == {"token": "hunter2"}


def test_stars_leave_a_secret_as_it_is_and_null_removes_it(locker: Vault) -> None:
    old = seal_secrets(locker, TOY, COMPANY, INTEGRATION, {"token": "hunter2"}, {})
    assert seal_secrets(locker, TOY, COMPANY, INTEGRATION, {"token": SHOWN}, old) == old
    assert seal_secrets(locker, TOY, COMPANY, INTEGRATION, {"token": None}, old) == {}
    with pytest.raises(Invalid):
        seal_secrets(locker, TOY, COMPANY, INTEGRATION, {"token": SHOWN}, {})


def test_a_secret_that_was_copied_to_another_company_opens_nowhere(locker: Vault) -> None:
    stored = seal_secrets(locker, TOY, COMPANY, INTEGRATION, {"token": "hunter2"}, {})
    with pytest.raises(Permanent):
        open_secrets(locker, TOY, OTHER, INTEGRATION, stored)
    with pytest.raises(Permanent):
        open_secrets(locker, TOY, COMPANY, UUID(int=4), stored)
