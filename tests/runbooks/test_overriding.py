"""A company may raise a runbook's risk and choose its values; never lower the risk, and never touch its scripts."""

import pytest

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import Override
from alertwhisperer.runbooks.overriding import laid_over
from alertwhisperer.runbooks.reading import library

RESTART = library()["service-restart"]
CLEANUP = library()["disk-cleanup"]


@pytest.mark.parametrize("risk", [Risk.LOW, Risk.MEDIUM, Risk.HIGH, None])
def test_the_risk_goes_upwards_and_says_why(risk: Risk | None) -> None:
    found = laid_over(RESTART, Override(risk=risk, note="The shop is on it."))
    assert found.risk is (risk or Risk.LOW)
    assert found.risk_reason == ("The shop is on it." if risk not in (None, Risk.LOW) else RESTART.risk_reason)
    assert (found.scripts, found.hash) == (RESTART.scripts, RESTART.hash)


def test_the_risk_never_goes_down() -> None:
    with pytest.raises(Invalid) as refused:
        laid_over(CLEANUP, Override(risk=Risk.LOW))
    assert (refused.value.where, refused.value.mend) == ("risk", "say medium or high")


def test_values_and_lists_are_laid_over() -> None:
    found = laid_over(RESTART, Override(parameters={"port": "443"}, allowed={"service": ("nginx.service",)}))
    by_name = {one.name: one for one in found.parameters}
    assert by_name["port"].default == "443"
    assert by_name["service"].allowed == ("nginx.service",)


@pytest.mark.parametrize(
    ("override", "where"),
    [
        (Override(parameters={"prot": "443"}), "parameters.prot"),
        (Override(parameters={"port": "443; reboot"}), "parameters.port"),
        (Override(parameters={"service": "-H evil"}), "parameters.service"),
        (Override(allowed={"service": ("a\nb",)}), "parameters.service"),
        (Override(allowed={"port": ("443",)}), "allowed.port"),
        (Override(allowed={"service": tuple(f"a{number}" for number in range(201))}), "allowed.service"),
    ],
)
def test_what_does_not_fit_is_refused(override: Override, where: str) -> None:
    with pytest.raises(Invalid) as refused:
        laid_over(RESTART, override)
    assert refused.value.where == where
