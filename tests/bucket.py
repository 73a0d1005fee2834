"""A bucket for tests, on a server of S3's interface that only this run uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "partner-center"
KEYS: dict[str, Any] = {"s3_region": "cn-north-4", "s3_access_key": "key", "s3_secret_key": "secret"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server of S3's interface that only this run uses."""
    serving = ThreadedMotoServer(port=0, verbose=False)
    serving.start()
    host, port = serving.get_host_and_port()
    yield f"http://{host}:{port}"
    serving.stop()


@pytest.fixture
def bucket(server: str) -> Iterator[Any]:
    """An empty bucket."""
    client: Any = boto3.client(
        "s3",
        endpoint_url=server,
        region_name=KEYS["s3_region"],
        aws_access_key_id=KEYS["s3_access_key"],
        aws_secret_access_key=KEYS["s3_secret_key"],
    )
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": KEYS["s3_region"]})
    yield client
    for one in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=one["Key"])
    client.delete_bucket(Bucket=BUCKET)
    client.close()


def objects(bucket: Any) -> list[str]:
    """List what lies in the bucket."""
    return [one["Key"] for one in bucket.list_objects_v2(Bucket=BUCKET).get("Contents", ())]
