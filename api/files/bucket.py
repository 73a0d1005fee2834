"""Bytes of files in S3-compatible object storage, through boto3."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from api.files.folder import BATCH, PIECE, is_key
from api.settings import Settings, SettingsError


class BucketStorage:
    """A bucket of object storage (对象存储桶); an object is there whole or not at all.

    Its own are the objects whose names are a prefix and a key, so that several storages share one bucket.
    """

    def __init__(self, settings: Settings, folder: Path, prefix: str = "") -> None:
        self.incoming = folder / "incoming"
        self._prefix = prefix
        self._bucket = settings.s3_bucket
        self._client = _client(settings)

    async def keep(self, path: Path, key: str) -> None:
        """Move a gathered file to its place; afterwards it is there whole and for good, or not at all."""
        await asyncio.to_thread(self._keep, path, key)

    async def open(self, key: str) -> AsyncIterator[bytes]:
        """Give the bytes piece by piece; FileNotFoundError where nothing lies under the key."""
        from botocore.exceptions import ClientError

        try:
            found = await asyncio.to_thread(self._client.get_object, Bucket=self._bucket, Key=self._name(key))
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                raise FileNotFoundError(key) from None
            raise
        return _pieces(found["Body"])

    async def drop(self, key: str) -> None:
        """Throw bytes away; nothing happens where there are none."""
        await asyncio.to_thread(self._client.delete_object, Bucket=self._bucket, Key=self._name(key))

    async def keys(self, older_than: dt.datetime) -> AsyncIterator[list[str]]:
        """List the keys of what has lain there since before an instant, some at a time."""
        where: dict[str, Any] = {"Bucket": self._bucket, "Prefix": self._prefix, "Delimiter": "/", "MaxKeys": BATCH}
        after: dict[str, str] = {}
        while True:
            page = await asyncio.to_thread(self._client.list_objects_v2, **where, **after)
            old = [one["Key"] for one in page.get("Contents", ()) if one["LastModified"] < older_than]
            # What has another kind of name was put there by somebody else.
            if found := [key for name in old if is_key(key := name.removeprefix(self._prefix))]:
                yield found
            if not page.get("IsTruncated"):
                return
            after = {"ContinuationToken": page["NextContinuationToken"]}

    def _name(self, key: str) -> str:
        if not is_key(key):
            raise ValueError("a key has letters and digits only")
        return self._prefix + key

    def _keep(self, path: Path, key: str) -> None:
        with path.open("rb") as file:
            self._client.put_object(Bucket=self._bucket, Key=self._name(key), Body=file)
        path.unlink()


async def _pieces(body: Any) -> AsyncIterator[bytes]:
    try:
        while piece := await asyncio.to_thread(body.read, PIECE):
            yield piece
    finally:
        body.close()


def _client(settings: Settings) -> Any:
    try:
        import boto3
        from botocore.config import Config
    except ModuleNotFoundError:
        raise SettingsError('PARTNER_CENTER_S3_BUCKET needs boto3: pip install "partner-center[s3]"') from None
    secret = settings.s3_secret_key
    return boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        config=Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
            # Stores that only speak like S3 know neither its newer checksums nor a bucket as a part of the host name.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "path" if settings.s3_endpoint else "auto"},
        ),
    )
