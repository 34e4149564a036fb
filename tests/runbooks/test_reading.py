"""A runbook's file is read strictly: whatever is wrong is said with its line and field, and nothing of it is used."""

import pytest

from alertwhisperer.domain.approval import Risk
from alertwhisperer.domain.errors import Invalid
from alertwhisperer.domain.runbook import Phase, Shell
from alertwhisperer.runbooks.reading import MOST_BYTES, read
from tests.runbooks.files import CHANGE, REPORT


def refusal(text: str | bytes, name: str = "say-word") -> Invalid:
    with pytest.raises(Invalid) as refused:
        read(text if isinstance(text, bytes) else text.encode(), name)
    assert refused.value.mend
    return refused.value


def line_of(text: str, beginning: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith(beginning))


def test_a_file_becomes_a_runbook_with_its_scripts_byte_for_byte() -> None:
    found = read(CHANGE.encode(), "put-word.toml")
    assert (found.slug, found.version, found.risk, found.shell) == ("put-word", 1, Risk.LOW, Shell.SH)
    assert found.scripts[Phase.ACT].body == b"echo good >/srv/aw-word\n"
    assert set(found.scripts) == set(Phase)
    assert read(REPORT.encode(), "say-word").parameters[0].default is None


def test_the_hash_is_of_the_bytes_so_that_a_space_makes_another_runbook() -> None:
    assert read(CHANGE.encode(), "put-word").hash != read(CHANGE.encode() + b"\n", "put-word").hash


@pytest.mark.parametrize(
    ("old", "new", "beginning", "field"),
    [
        ('risk = "low"', 'risk = "tiny"', "risk =", "risk"),
        ("version = 1", 'version = "1"', "version", "version"),
        ("version = 1", "version = true", "version", "version"),
        ("version = 1", "version = 0", "version", "version"),
        ("format = 1", "format = 2", "format", "format"),
        ('platform = "linux"', 'platform = "solaris"', "platform", "platform"),
        ('kind = "text"', 'kind = "shell"', "kind", "parameters.word.kind"),
        ('kind = "text"', 'kind = "text"\ncolour = "red"', "colour", "parameters.word.colour"),
        ('kind = "text"', 'kind = "choice"', "[parameters.word]", "parameters.word.choices"),
        ('kind = "text"', 'kind = "integer"', "[parameters.word]", "parameters.word.least"),
        ('kind = "text"', 'kind = "integer"\nleast = 5\nmost = 4', "least", "parameters.word.least"),
        ('kind = "text"', 'kind = "unit"\ndefault = "-x"', "default", "parameters.word.default"),
        ('kind = "text"', 'kind = "text"\ndefault = "a\\nb"', "default", "parameters.word.default"),
        (
            'kind = "text"',
            'kind = "text"\nsuggested_from = ["body"]',
            "suggested_from",
            "parameters.word.suggested_from",
        ),
        ("[parameters.word]", "[parameters.WORD]", "[parameters.WORD]", "parameters.WORD"),
        ("[parameters.word]", "[parameters.snapshot]", "[parameters.snapshot]", "parameters.snapshot"),
        ("$AW_WORD", "$AW_WORT", "script = '''", "act.script"),
        ('"$AW_WORD"', '"$AW_WORD$AW_SNAPSHOT"', "script", "act.script"),
        ("printf '%s' \"$AW_WORD\"", "true", "[parameters.word]", "parameters.word"),
        ("changes = false", "changes = true", "format", "verify"),
        ("changes = false", 'changes = false\nirreversible = "It is."', "irreversible", "irreversible"),
        ('risk = "low"', 'risk = "high"', "risk =", "risk"),
        ("timeout_s = 5", "timeout_s = 0", "timeout_s", "precheck.timeout_s"),
        ("timeout_s = 5", "timeout_s = 86400", "timeout_s", "precheck.timeout_s"),
        ("[act]", "[akt]", "format", ""),
        ("[drill]", '[undo]\ntimeout_s = 5\nscript = """\nx\n"""\n\n[drill]', "[undo]", "undo"),
        ('not_drilled = "It is a test\'s."', "", "[drill]", "drill"),
        ('not_drilled = "', 'needs = ["; rm"]\nnot_drilled = "', "needs", "drill.needs"),
        ("[drill]", "[blast]\nat_once = 51\n\n[drill]", "at_once", "blast.at_once"),
        ("exit 0\n", "", "script", "precheck.script"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_field(old: str, new: str, beginning: str, field: str) -> None:
    assert old in REPORT
    text = REPORT.replace(old, new, 1)
    wrong = refusal(text)
    place, _, named = wrong.where.partition(" ")
    assert named.startswith(field)
    if named.startswith("act."):
        assert text.split("\n")[int(place.split(":")[1]) - 1].startswith(beginning)
    elif field not in ("", "verify"):
        assert place == f"say-word:{line_of(text, beginning)}"


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("[undo]\ntimeout_s = 5\nscript = '''\ncat \"$AW_SNAPSHOT\" >/srv/aw-word\n'''\n", "", "undo"),
        ("breaks = '''\necho bad >/srv/aw-word\n'''\n", "", "drill.breaks"),
        ("state = '''\ncat /srv/aw-word\n'''\n", "", "drill"),
        ("changes = true", 'changes = true\nirreversible = "No."', "irreversible"),
        ("changes = true", "changes = false", "snapshot"),
    ],
)
def test_an_act_without_its_way_back_is_refused(old: str, new: str, field: str) -> None:
    assert old in CHANGE
    assert refusal(CHANGE.replace(old, new, 1)).where.split(" ")[1] == field


def test_what_cannot_be_undone_says_so_and_is_never_of_low_risk() -> None:
    start, end = CHANGE.index("[snapshot]"), CHANGE.index("[act]")
    text = CHANGE[:start] + CHANGE[end:]
    text = text[: text.index("[undo]")] + text[text.index("[drill]") :]
    assert refusal(text).where.endswith("irreversible")
    said = text.replace("changes = true", 'changes = true\nirreversible = "The word is gone."')
    assert refusal(said).where.endswith(" risk")
    assert read(said.replace('risk = "low"', 'risk = "medium"').encode(), "put-word").irreversible


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("title = 'a", "say-word:1"),
        ("a = 1\nb = = 2\n", "say-word:2"),
        ("a = [\n", "say-word:2"),
        ("a = 1\na = 2\n", "say-word:2"),
        ("", "say-word:1"),
        (b"a = 1\nb = '\xff'\n", "say-word:2"),
        (b"a = 1\r\n", "say-word:1"),
        (b"a = 1\n\n\x00", "say-word:3"),
        ("a = " + "[" * 60_000, "say-word"),
        ("#" * (MOST_BYTES + 1), "say-word"),
    ],
)
def test_what_is_no_file_of_ours_is_refused_with_its_line(text: str | bytes, where: str) -> None:
    assert refusal(text).where.split(" ")[0] == where


@pytest.mark.parametrize("name", ["", "ab", "A-word", "1word", "a_word", "../word", "a" * 65, "word\n", "wörd"])
def test_a_name_is_small_letters_digits_and_hyphens(name: str) -> None:
    assert refusal(REPORT, name).where == "name"
