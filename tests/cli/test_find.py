"""A company is named by its id, its ref or its name, wherever one is asked for; and only to whom it serves."""

from tests.cli.conftest import Shell


def test_a_company_is_found_by_ref_and_name(shell: Shell) -> None:
    made = shell.json("company", "add", "Norder Werft", "--ref", "NW-17")
    for typed in (made["id"], "NW-17", "nw-17", "norder werft"):
        assert shell.json("company", "show", typed)["id"] == made["id"], typed
    user = shell.json("user", "add", "werft@example.org", "--role", "technician", "--company", "Norder Werft")
    assert user["companies"] == [made["id"]]


def test_of_two_that_are_called_alike_none_is_guessed(shell: Shell) -> None:
    ids = [shell.json("company", "add", "Zwilling")["id"] for _ in range(2)]
    answered = shell.run("company", "show", "zwilling")
    assert answered.code != 0
    assert "2 companies are called 'zwilling'" in answered.err
    assert all(one in answered.err for one in ids)


def test_a_company_that_one_does_not_serve_is_called_nothing(shell: Shell) -> None:
    own = shell.json("company", "add", "Eigene Firma")["id"]
    other = shell.json("company", "add", "Fremde Firma", "--ref", "F-1")["id"]
    shell.json("user", "add", "eigen@example.org", "--role", "technician", "--company", own)
    token = shell.json("token", "add", "--user", "eigen@example.org")["token"]
    theirs = shell.with_settings(ALERTWHISPERER_TOKEN=token)
    assert theirs.json("company", "show", "Eigene Firma")["id"] == own
    absent = theirs.run("company", "show", "Keine Firma")
    for typed in ("Fremde Firma", "F-1"):
        answered = theirs.run("company", "show", typed)
        assert (answered.code, answered.err) == (absent.code, absent.err.replace("Keine Firma", typed))
    assert other not in theirs.run("company", "show", other).out
