"""Backups in a bucket, by the S3 protocol: Amazon's, or whatever speaks it (MinIO, Ceph, Aliyun OSS).

Credentials, region and address come from where boto3 looks for them: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
AWS_REGION, AWS_ENDPOINT_URL_S3, or its configuration file.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.backups.failures import BackupFailed, Damaged
from shared.backups.places import NAME, Place
from shared.backups.sealing import Sink

_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")
_PART = 16 * 2**20
_SMALL_PARTS = 1000
_LARGE = 8
"""Ten thousand parts are the most that S3 takes: a thousand of 16 MB and nine thousand of 128 MB are over a terabyte."""


class Bucket:
    """Below one prefix."""

    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    @property
    def address(self) -> str:
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def names(self, form: re.Pattern[str] = NAME) -> list[str]:
        with _plainly(self.address):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix, Delimiter="/"
            )
            found = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
        names = (entry.removeprefix(self._prefix).rstrip("/") for entry in found)
        return sorted(name for name in names if form.fullmatch(name))

    def make(self, name: str) -> None:
        if self.files(name):
            raise BackupFailed(f"{self.address} has a backup {name} already; try again")

    def files(self, name: str) -> list[str]:
        folder = f"{self._prefix}{name}/"
        with _plainly(self.address):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=folder)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        return sorted(key.removeprefix(folder) for key in keys)

    @contextmanager
    def writing(self, name: str, file: str) -> Iterator[Sink]:
        upload = _Upload(self._client, self._bucket, f"{self._prefix}{name}/{file}")
        with _plainly(self.address):
            try:
                yield upload
                upload.finish()
            except BaseException:
                upload.abort()
                raise

    @contextmanager
    def reading(self, name: str, file: str) -> Iterator[IO[bytes]]:
        with _plainly(self.address):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._prefix}{name}/{file}")
            except ClientError as failure:
                if failure.response["Error"]["Code"] in {"NoSuchKey", "404"}:
                    raise Damaged(f"{name} has no file {file}") from None
                raise
            with answer["Body"] as body:
                yield body

    def remove(self, name: str, first: str) -> None:
        others = [file for file in self.files(name) if file != first]
        with _plainly(self.address):
            for file in (first, *others):
                self._client.delete_object(Bucket=self._bucket, Key=f"{self._prefix}{name}/{file}")


class _Upload:
    """One object, of whatever length, with no more than a part of it in memory."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._place = {"Bucket": bucket, "Key": key}
        self._id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._waiting = bytearray()

    def write(self, some: bytes, /) -> int:
        self._waiting += some
        size = _PART if len(self._parts) < _SMALL_PARTS else _PART * _LARGE
        while len(self._waiting) >= size:
            self._send(bytes(self._waiting[:size]))
            del self._waiting[:size]
        return len(some)

    def finish(self) -> None:
        if self._id is None:
            self._client.put_object(**self._place, Body=bytes(self._waiting))
            return
        if self._waiting:
            self._send(bytes(self._waiting))
        self._client.complete_multipart_upload(
            **self._place, UploadId=self._id, MultipartUpload={"Parts": self._parts}
        )

    def abort(self) -> None:
        if self._id is not None:
            self._client.abort_multipart_upload(**self._place, UploadId=self._id)

    def _send(self, part: bytes) -> None:
        if self._id is None:
            self._id = self._client.create_multipart_upload(**self._place)["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(**self._place, UploadId=self._id, PartNumber=number, Body=part)
        self._parts.append({"ETag": answer["ETag"], "PartNumber": number})


def open_bucket(address: str) -> Place:
    """Raises BackupFailed."""
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise BackupFailed(f"{address} is not s3://bucket/prefix")
    # Checksums in trailers are Amazon's own; other servers refuse them. The manifest has SHA-256 of every file.
    settings = Config(
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        retries={"mode": "standard", "max_attempts": 5},
    )
    with _plainly(address):
        return Bucket(boto3.client("s3", config=settings), match[1], match[2] or "")


@contextmanager
def _plainly(address: str) -> Iterator[None]:
    try:
        yield
    except ClientError as failure:
        raise BackupFailed(f"{address}: {failure.response['Error'].get('Code', 'refused')}") from None
    except BotoCoreError as failure:
        raise BackupFailed(f"{address}: {failure}") from None


__all__ = ["Bucket", "open_bucket"]
