"""
Parameters are data: what a kind does not allow fails clearly before anything runs, and what it allows arrives in a real
`sh` byte for byte.
"""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import Parameter, ParameterKind, Phase, Platform, Runbook
from alertwhisperer.runbooks.parameters import bind, check_value
from alertwhisperer.runbooks.reading import library, read
from tests.runbooks.files import REPORT
from tests.runbooks.shells import run_sh

SAY = read(REPORT.encode(), "say-word")
KINDS = [kind for kind in ParameterKind if kind is not ParameterKind.TEXT]

METACHARACTERS = [
    "a; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "a && touch pwned",
    "a | touch pwned",
    "a > pwned",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "${IFS}touch${IFS}pwned",
    "$AW_WORD",
    "*",
    "~root",
    "!!",
    "a\tb",
    "\\",
    "%s%n",
    "#",
    "& calc.exe",
    "; Remove-Item C:\\",
]
NEVER = [
    "a\nb",
    "a\rb",
    "a\0b",
    "\n",
    "\x1b[2J",
    "\u2028",
    "\ud800",
    "{{ssm:password}}",
    "a{{b",
    "-oProxyCommand=touch pwned",
    "--help",
    "-",
    "",
]


def parameter(kind: ParameterKind, longest: int = 4_096) -> Parameter:
    least, most = (0, 100) if kind is ParameterKind.INTEGER else (None, None)
    choices = ("yes", "no") if kind is ParameterKind.CHOICE else ()
    return Parameter("word", kind, "a word", least=least, most=most, choices=choices, longest=longest)


def carried(runbook: Runbook, name: str, value: str) -> str | None:
    """What would be handed over; None when the value is refused, which names the parameter."""
    one = next(parameter for parameter in runbook.parameters if parameter.name == name)
    try:
        return check_value(one, runbook.platform, value)
    except Invalid as failure:
        refused = failure
    assert refused.where == f"parameters.{name}"
    return None


@pytest.mark.parametrize("platform", Platform)
@pytest.mark.parametrize("kind", ParameterKind)
@pytest.mark.parametrize("value", NEVER)
def test_no_kind_takes_control_characters_templates_or_options(
    kind: ParameterKind, value: str, platform: Platform
) -> None:
    with pytest.raises(Invalid) as refused:
        check_value(parameter(kind), platform, value)
    assert refused.value.where == "parameters.word"
    assert refused.value.mend


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("value", METACHARACTERS)
def test_no_strict_kind_takes_what_a_shell_would_read(kind: ParameterKind, value: str) -> None:
    with pytest.raises(Invalid):
        check_value(parameter(kind), Platform.LINUX, value)


@pytest.mark.parametrize("kind", ParameterKind)
def test_a_megabyte_is_refused_at_once_and_not_shown(kind: ParameterKind) -> None:
    with pytest.raises(Invalid) as refused:
        check_value(parameter(kind), Platform.LINUX, "1" * 1_048_576)
    assert len(refused.value.what) < 300


@pytest.mark.parametrize(
    "value", [one for one in METACHARACTERS if "\t" not in one] + ["größe", "日本語", "👩‍🚀", "a  b ", " ", "a" * 256]
)
def test_free_text_arrives_in_a_real_shell_as_it_was_given_and_nothing_of_it_runs(value: str, tmp_path: Path) -> None:
    said = run_sh(SAY.scripts[Phase.ACT].body, bind(SAY, {"word": value}), tmp_path)
    assert said.stdout.decode() == value
    assert said.returncode == 0
    assert [file.name for file in tmp_path.iterdir()] == ["script"]


@settings(max_examples=60, deadline=None)
@given(value=st.text(max_size=300))
def test_any_text_arrives_unchanged_or_is_refused(value: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    bound = carried(SAY, "word", value)
    if bound is None:
        return
    folder = tmp_path_factory.mktemp("any")
    assert run_sh(SAY.scripts[Phase.ACT].body, {"word": bound}, folder).stdout.decode() == value
    assert [file.name for file in folder.iterdir()] == ["script"]


@pytest.mark.parametrize(
    ("kind", "platform", "value", "becomes"),
    [
        (ParameterKind.UNIT, Platform.LINUX, "getty@tty1.service", "getty@tty1.service"),
        (ParameterKind.UNIT, Platform.WINDOWS, "MSSQL$PAYROLL", "MSSQL$PAYROLL"),
        (ParameterKind.PATH, Platform.LINUX, "/var/my logs/größe", "/var/my logs/größe"),
        (ParameterKind.PATH, Platform.WINDOWS, "C:\\Windows\\Temp", "C:\\Windows\\Temp"),
        (ParameterKind.INTEGER, Platform.LINUX, "007", "7"),
        (ParameterKind.ADDRESS, Platform.LINUX, "2001:DB8:0::1", "2001:db8::1"),
        (ParameterKind.ADDRESS, Platform.LINUX, "192.0.2.1", "192.0.2.1"),
        (ParameterKind.HOST, Platform.LINUX, "db-01.example.org", "db-01.example.org"),
        (ParameterKind.HOST, Platform.LINUX, "192.0.2.1", "192.0.2.1"),
        (ParameterKind.URL, Platform.LINUX, "https://a.example/x?y=1", "https://a.example/x?y=1"),
        (ParameterKind.URL, Platform.LINUX, "http://[2001:db8::1]:8080/", "http://[2001:db8::1]:8080/"),
        (ParameterKind.CHOICE, Platform.LINUX, "no", "no"),
        (ParameterKind.WORD, Platform.LINUX, "a_b.c:1@x", "a_b.c:1@x"),
    ],
)
def test_each_kind_takes_what_it_is_for(kind: ParameterKind, platform: Platform, value: str, becomes: str) -> None:
    assert check_value(parameter(kind), platform, value) == becomes


@pytest.mark.parametrize(
    ("kind", "platform", "value"),
    [
        (ParameterKind.UNIT, Platform.LINUX, "a b"),
        (ParameterKind.UNIT, Platform.LINUX, "ngin*"),
        (ParameterKind.UNIT, Platform.LINUX, "a$b"),
        (ParameterKind.UNIT, Platform.WINDOWS, "a;b"),
        (ParameterKind.PATH, Platform.LINUX, "etc/passwd"),
        (ParameterKind.PATH, Platform.LINUX, "/var/../etc"),
        (ParameterKind.PATH, Platform.WINDOWS, "C:\\..\\x"),
        (ParameterKind.PATH, Platform.WINDOWS, "\\\\server\\share"),
        (ParameterKind.INTEGER, Platform.LINUX, "101"),
        (ParameterKind.INTEGER, Platform.LINUX, "1e1"),
        (ParameterKind.INTEGER, Platform.LINUX, "٣"),
        (ParameterKind.INTEGER, Platform.LINUX, "1" * 4_000),
        (ParameterKind.ADDRESS, Platform.LINUX, "192.0.2.1/24"),
        (ParameterKind.ADDRESS, Platform.LINUX, "fe80::1%eth0"),
        (ParameterKind.ADDRESS, Platform.LINUX, "010.0.0.1"),
        (ParameterKind.HOST, Platform.LINUX, "a_b!c"),
        (ParameterKind.HOST, Platform.LINUX, "1.2.3.999"),
        (ParameterKind.HOST, Platform.LINUX, "a..b"),
        (ParameterKind.URL, Platform.LINUX, "file:///etc/passwd"),
        (ParameterKind.URL, Platform.LINUX, "http://u:p@a.example/"),
        (ParameterKind.URL, Platform.LINUX, "http://a.example:99999/"),
        (ParameterKind.URL, Platform.LINUX, "http:///x"),
        (ParameterKind.URL, Platform.LINUX, "http://a b/"),
        (ParameterKind.CHOICE, Platform.LINUX, "NO"),
        (ParameterKind.WORD, Platform.LINUX, "wörd"),
    ],
)
def test_each_kind_refuses_what_is_not_of_it(kind: ParameterKind, platform: Platform, value: str) -> None:
    with pytest.raises(Invalid):
        check_value(parameter(kind), platform, value)


def test_a_negative_number_is_taken_where_the_range_says_so() -> None:
    below = replace(parameter(ParameterKind.INTEGER), least=-20)
    assert check_value(below, Platform.LINUX, "-7") == "-7"
    with pytest.raises(Invalid):
        check_value(below, Platform.LINUX, "-21")


def test_unknown_and_missing_parameters_are_refused_and_defaults_fill_the_rest() -> None:
    with pytest.raises(Invalid, match="no parameter"):
        bind(SAY, {"word": "a", "wort": "b"})
    with pytest.raises(Invalid, match="missing"):
        bind(SAY, {})
    assert bind(library()["service-restart"], {"service": "nginx"}) == {"service": "nginx", "port": "0"}
