"""`alertwhisperer prove-isolation`: shows that no company sees, takes or changes anything of another."""

from pathlib import Path
from typing import Annotated

import typer

from alertwhisperer.app.build import House
from alertwhisperer.app.isolation.prove import prove
from alertwhisperer.app.isolation.report import Proof
from alertwhisperer.cli import output
from alertwhisperer.cli.acting import machine_only
from alertwhisperer.cli.groups import single
from alertwhisperer.cli.house import AsJson, DataDir, in_house

app = single()


@app.command(epilog="Example: alertwhisperer prove-isolation --out isolation.json")
@machine_only("it makes a database, and speaks for the whole installation")
def prove_isolation(
    out: Annotated[Path | None, typer.Option("--out", help="Write the signed report to this file as well.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Try every door as one company and look for another's data, in a scratch database beside the real one.

    The report is signed with the audit log's key. Ends with 1 when anything was found.
    """

    async def work(house: House) -> tuple[Proof, bytes]:
        proof = await prove(house, (lambda _: None) if as_json else output.say)
        return proof, house.signing_key.sign(output.text_of(proof))

    proof, signed = in_house(work, data_dir)
    if out is not None:
        out.write_bytes(signed)
    if as_json:
        output.show_json({"proof": proof, "signed": signed.decode()})
    else:
        for finding in proof.findings:
            output.say(f"FOUND  {finding.wall}: {finding.where}: {finding.what}")
        output.say(
            f"{proof.doors} doors, of which {proof.opened} opened to one's own things; {proof.requests} requests as "
            f"{', '.join(proof.people)}; {proof.tables} tables, {proof.policies} policies,"
            f" {proof.log_lines} lines of log.",
            "Nothing of the other company was found." if not proof.findings else "The walls do not stand.",
        )
    raise typer.Exit(1 if proof.findings else 0)
