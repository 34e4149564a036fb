"""Lays over a runbook what a company wants otherwise: its risk only upwards, its scripts never."""

from dataclasses import replace

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import Override, Parameter, Runbook
from alertwhisperer.runbooks.parameters import check_value

MOST_ALLOWED = 200
_RISKS = (Risk.LOW, Risk.MEDIUM, Risk.HIGH)


def laid_over(runbook: Runbook, override: Override) -> Runbook:
    """
    The runbook as it holds in a company; its hash stays that of the file.

    Raises:
        Invalid: the risk is lower than the file's, a parameter is unknown, or a value is not of its kind.
    """
    risk, why = runbook.risk, runbook.risk_reason
    if override.risk is not None:
        if _RISKS.index(override.risk) < _RISKS.index(risk):
            raise Invalid(
                f"{runbook.slug} is of {risk} risk, and a company may only raise it",
                where="risk",
                mend=f"say {' or '.join(_RISKS[_RISKS.index(risk) :])}",
            )
        if override.risk is not risk:
            risk, why = override.risk, override.note or f"The company holds it to be of {override.risk} risk."
    known = {parameter.name for parameter in runbook.parameters}
    for field, names in (("parameters", override.parameters), ("allowed", override.allowed)):
        for name in names:
            if name not in known:
                raise Invalid(
                    f"{runbook.slug} has no parameter {name[:60]!r}",
                    where=f"{field}.{name[:60]}",
                    mend=f"it has {', '.join(sorted(known)) or 'none'}",
                )
    parameters = tuple(_over(runbook, one, override) for one in runbook.parameters)
    return replace(runbook, risk=risk, risk_reason=why, parameters=parameters)


def _over(runbook: Runbook, parameter: Parameter, override: Override) -> Parameter:
    default, allowed = parameter.default, override.allowed.get(parameter.name, ())
    if parameter.name in override.parameters:
        default = check_value(parameter, runbook.platform, override.parameters[parameter.name])
    if allowed and not parameter.suggested_from:
        raise Invalid(
            f"{runbook.slug} takes {parameter.name!r} from no alert",
            where=f"allowed.{parameter.name}",
            mend="leave it out",
        )
    if len(allowed) > MOST_ALLOWED:
        raise Invalid(
            f"{len(allowed)} values are too many", where=f"allowed.{parameter.name}", mend=f"at most {MOST_ALLOWED}"
        )
    checked = tuple(check_value(parameter, runbook.platform, value) for value in allowed)
    return replace(parameter, default=default, allowed=checked)
