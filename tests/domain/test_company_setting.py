"""Inherited settings: the nearest value holds, every value is checked, and says where it comes from."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from alertwhisperer.domain.company_setting import (
    MIRRORED,
    SETTINGS,
    Given,
    Origin,
    SettingValue,
    check_all,
    effective,
    known,
)
from alertwhisperer.domain.errors import Invalid

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def level(**values: SettingValue) -> Mapping[str, Given]:
    return {name: Given(value, "kim@example.org", NOW) for name, value in values.items()}


def test_the_nearest_value_holds() -> None:
    msp, group, own = level(time_zone="Europe/Berlin", silence_grace_s=1), level(silence_grace_s=2), level()
    found = {one.name: one for one in effective(msp, group, own, group_name="Retail")}
    assert list(found) == list(SETTINGS)
    assert (found["time_zone"].value, found["time_zone"].shown_origin) == ("Europe/Berlin", "msp")
    assert (found["silence_grace_s"].value, found["silence_grace_s"].shown_origin) == (2, "group Retail")
    assert (found["silence_mode"].value, found["silence_mode"].origin) == ("learned", Origin.DEFAULT)
    own = level(silence_grace_s=3)
    found = {one.name: one for one in effective(msp, group, own, group_name="Retail")}
    assert (found["silence_grace_s"].value, found["silence_grace_s"].shown_origin) == (3, "company")


def test_an_exception_that_equals_the_default_is_still_an_exception() -> None:
    default = SETTINGS["requests_per_minute"].default
    found = {one.name: one for one in effective(level(requests_per_minute=600), {}, level(requests_per_minute=default))}
    assert (found["requests_per_minute"].value, found["requests_per_minute"].origin) == (default, Origin.COMPANY)


def test_every_default_passes_its_own_check_and_can_be_written_as_text() -> None:
    for setting in SETTINGS.values():
        assert setting.check(setting.default) == setting.default
        assert setting.read(f" {setting.default} ") == setting.default
        assert setting.meaning.endswith(".")
    assert set(MIRRORED) <= set(SETTINGS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", 3),
        ("time_zone", "../etc/passwd"),
        ("requests_per_minute", 0),
        ("requests_per_minute", -1),
        ("requests_per_minute", 10**10),
        ("requests_per_minute", True),
        ("requests_per_minute", "60"),
        ("requests_per_minute", 1.5),
        ("bytes_per_minute", 10**13),
        ("silence_mode", "set"),
        ("silence_severity", "worst"),
        ("silence_grace_s", -1),
        ("no_such_setting", 1),
    ],
)
def test_nonsense_is_refused_with_its_place(name: str, value: object) -> None:
    with pytest.raises(Invalid) as refused:
        check_all({name: value})
    assert refused.value.where in (name, "name")
    assert refused.value.mend


@pytest.mark.parametrize("text", ["many", "", "1.5", "-3", "60 ", "9" * 30, "²", "0x10"])
def test_a_text_is_read_as_the_number_that_it_is_or_refused(text: str) -> None:
    if text == "60 ":
        assert known("requests_per_minute").read(text) == 60
        return
    with pytest.raises(Invalid):
        known("requests_per_minute").read(text)
