"""Amazon's S3 and DynamoDB as moto serves them over HTTP, found the way AWS's own tools find a service."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import boto3
from moto.server import ThreadedMotoServer
from types_boto3_dynamodb import DynamoDBClient
from types_boto3_s3 import S3Client

REGION: Final = "eu-central-1"


@dataclass(frozen=True, slots=True)
class Aws:
    """
    The running services.

    Attributes:
        environ: with which a process finds them.
    """

    url: str
    environ: Mapping[str, str]

    @property
    def s3(self) -> S3Client:
        """A client of the account's owner."""
        return boto3.Session(region_name=REGION).client("s3", endpoint_url=self.url)

    @property
    def dynamodb(self) -> DynamoDBClient:
        """A client of the account's owner."""
        return boto3.Session(region_name=REGION).client("dynamodb", endpoint_url=self.url)

    def make_bucket(self, name: str) -> None:
        """A bucket with object lock."""
        self.s3.create_bucket(
            Bucket=name,
            ObjectLockEnabledForBucket=True,
            CreateBucketConfiguration={"LocationConstraint": REGION},
        )

    def make_table(self, name: str) -> None:
        """A table for checkpoints, as the setup page says."""
        self.dynamodb.create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": "log", "KeyType": "HASH"},
                {"AttributeName": "number", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "log", "AttributeType": "S"},
                {"AttributeName": "number", "AttributeType": "N"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )


@contextmanager
def aws() -> Iterator[Aws]:
    """Run them until the block ends; this process finds them too."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    environ = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    before = {name: os.environ.get(name) for name in environ}
    os.environ.update(environ)
    try:
        yield Aws(url, environ)
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        server.stop()
