"""
Witness: a table of Amazon DynamoDB, with one item for each checkpoint, written only where there is none.

It withstands whoever has our rights to the table, as long as they hold no more than to add and to read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from alertwhisperer.domain.errors import Invalid
from alertwhisperer.witnesses._aws import BOUNDS, in_thread, place_of, session
from alertwhisperer.witnesses.contract import Means, Witness, WitnessKind, contradiction, wrong_address

if TYPE_CHECKING:  # the library makes its clients at run time; their types are for the checker alone
    from types_boto3_dynamodb import DynamoDBClient

_EXAMPLE = "dynamodb://table?region=eu-central-1&log=alertwhisperer"
_MOST_BYTES = 380 * 1024  # an item holds 400 KB, names and key included
_SETUP = """\
Make the table with the partition key `log` (string) and the sort key `number` (number), point-in-time recovery and
deletion protection. Our role needs `dynamodb:PutItem`, `dynamodb:GetItem` and `dynamodb:Query` there, and must have
neither `UpdateItem` nor `DeleteItem`; a `PutItem` is bound by the condition that there is no such item, which only a
policy of the table's own can also demand of others. `log` names this installation when several share the table. An item
holds 400 KB, which is a checkpoint over some two thousand companies; beyond that use S3.
"""


class Table:
    """Checkpoints in a table, below the name of a log."""

    readable = True

    def __init__(self, client: DynamoDBClient, table: str, log: str) -> None:
        self.name = f"dynamodb://{table}/{log}"
        self._client = client
        self._table = table
        self._log = log

    async def put(self, number: int, document: bytes) -> None:
        """Keep a checkpoint; see the contract. Raises `Invalid` for one that is larger than an item can be."""
        if len(document) > _MOST_BYTES:
            mend = "write checkpoints to S3 as well, which takes any size"
            raise Invalid(f"checkpoint {number} is larger than an item can be", where=self.name, mend=mend)
        if not await in_thread(self.name, lambda: self._put(number, document)):
            raise contradiction(self.name, number)

    async def read_all(self) -> AsyncIterator[bytes]:
        """Everything that it keeps, by number; see the contract."""
        pages = iter(
            self._client.get_paginator("query").paginate(
                TableName=self._table,
                KeyConditionExpression="#log = :log",
                ExpressionAttributeNames={"#log": "log"},
                ExpressionAttributeValues={":log": {"S": self._log}},
                ConsistentRead=True,
            )
        )
        while (page := await in_thread(self.name, lambda: next(pages, None))) is not None:
            for item in page["Items"]:
                yield bytes(item["document"]["B"])

    def _put(self, number: int, document: bytes) -> bool:
        """Whether the place now holds this document under this number."""
        key = {"log": {"S": self._log}, "number": {"N": str(number)}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**key, "document": {"B": document}},
                ConditionExpression="attribute_not_exists(#number)",
                ExpressionAttributeNames={"#number": "number"},  # a word of DynamoDB's own
            )
        except ClientError as failure:
            if failure.response.get("Error", {}).get("Code") != "ConditionalCheckFailedException":
                raise
            held = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)["Item"]
            return bytes(held["document"]["B"]) == document
        return True


def _open(address: str, means: Means) -> Witness:
    place = place_of(address, _EXAMPLE, frozenset({"region", "log"}))
    if place.path:
        raise wrong_address(address, _EXAMPLE)
    client = session(place.options.get("region")).client("dynamodb", config=BOUNDS)
    return Table(client, place.host, place.options.get("log", "alertwhisperer"))


WITNESS = WitnessKind("dynamodb", "A table", "dynamodb", _EXAMPLE, _SETUP, _open)
