"""Where encrypted attachments lie: a folder, or a bucket of an S3 service. What is stored is never changed.

Names are `<tenant>/<two letters>/<32 letters>`, drawn at random: they tell nothing, and nobody guesses one.
"""

import asyncio
import os
import re
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from services.intake.attachments.rules import AttachmentsOff, AttachmentsUnavailable
from services.intake.settings import IntakeSettings

_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}/[0-9a-f]{2}/[0-9a-f]{32}")
_PART = ".part"
"""What a file is called while it is written; one that a crash left is removed with what belongs to nothing."""


class Missing(Exception):
    """There is no such object."""


class Stored(NamedTuple):
    name: str
    at: datetime


class Store(Protocol):
    """All methods raise AttachmentsUnavailable where the store cannot be reached."""

    async def put(self, name: str, content: bytes) -> None:
        """It is there for good when this returns."""
        ...

    async def get(self, name: str) -> bytes:
        """Raises Missing."""
        ...

    async def remove(self, name: str) -> None:
        """Removing what is not there changes nothing."""
        ...

    def listing(self, tenant: str) -> AsyncIterator[Sequence[Stored]]:
        """All there is, in pages; what is put or removed meanwhile may be on one."""
        ...


def new_name(tenant: str) -> str:
    word = secrets.token_hex(16)
    return f"{tenant}/{word[:2]}/{word}"


class Folder(Store):
    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, name: str, content: bytes) -> None:
        await self._run(self._put, name, content)

    async def get(self, name: str) -> bytes:
        content: bytes = await self._run(self._get, name)
        return content

    async def remove(self, name: str) -> None:
        await self._run(self._remove, name)

    async def listing(self, tenant: str) -> AsyncIterator[Sequence[Stored]]:
        """A page for each two letters."""
        for part in await self._run(lambda: sorted((self._root / tenant).glob("??"))):
            yield await self._run(self._page, part)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of an attachment")
        return self._root / name

    def _put(self, name: str, content: bytes) -> None:
        path = self._path(name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_suffix(_PART)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _get(self, name: str) -> bytes:
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError:
            raise Missing from None

    def _remove(self, name: str) -> None:
        """Also what was cut off in the middle of being put."""
        whole = self._path(name.removesuffix(_PART))
        whole.with_name(name.rpartition("/")[2]).unlink(missing_ok=True)

    def _page(self, part: Path) -> list[Stored]:
        found = []
        for path in part.iterdir():
            with suppress(FileNotFoundError):  # removed or renamed meanwhile
                at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                found.append(Stored(path.relative_to(self._root).as_posix(), at))
        return found

    @staticmethod
    async def _run(work: Any, *arguments: Any) -> Any:
        try:
            return await asyncio.to_thread(work, *arguments)
        except OSError as failure:
            raise AttachmentsUnavailable from failure


class Bucket(Store):
    """By the S3 protocol: Amazon's, or whatever speaks it (MinIO, Ceph, Aliyun OSS)."""

    def __init__(self, client: Any, bucket: str, page: int = 1000) -> None:
        """`page`: of a listing; no server gives more at once than the 1,000 of the protocol."""
        self._client = client
        self._bucket = bucket
        self._page = page

    async def put(self, name: str, content: bytes) -> None:
        await self._run(self._client.put_object, Key=name, Body=content)

    async def get(self, name: str) -> bytes:
        def read() -> bytes:
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=name)["Body"].read()
            return body

        content: bytes = await self._run(read, bucket=False)
        return content

    async def remove(self, name: str) -> None:
        await self._run(self._client.delete_object, Key=name)

    async def listing(self, tenant: str) -> AsyncIterator[Sequence[Stored]]:
        listed = self._client.list_objects_v2
        last = ""
        while True:
            page = await self._run(listed, Prefix=f"{tenant}/", StartAfter=last, MaxKeys=self._page)
            found = page.get("Contents", [])
            yield [Stored(entry["Key"], entry["LastModified"].astimezone(UTC)) for entry in found]
            if not page["IsTruncated"]:
                return
            last = found[-1]["Key"]

    async def _run(self, work: Any, *, bucket: bool = True, **arguments: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - slow to load, and rarely used

        if bucket:
            arguments["Bucket"] = self._bucket
        try:
            return await asyncio.to_thread(work, **arguments)
        except ClientError as failure:
            if failure.response["Error"].get("Code") in {"NoSuchKey", "404"}:
                raise Missing from None
            raise AttachmentsUnavailable from failure
        except BotoCoreError as failure:
            raise AttachmentsUnavailable from failure


class Off(Store):
    """No place was set: nothing can be attached."""

    async def put(self, name: str, content: bytes) -> None:
        raise AttachmentsOff

    async def get(self, name: str) -> bytes:
        raise AttachmentsOff

    async def remove(self, name: str) -> None:
        raise AttachmentsOff

    async def listing(self, tenant: str) -> AsyncIterator[Sequence[Stored]]:
        return
        yield  # what makes it an iterator


def open_store(settings: IntakeSettings) -> Store:
    if settings.attachments_folder is not None:
        return Folder(settings.attachments_folder)
    if settings.attachments_s3_bucket is None:
        return Off()
    import boto3  # noqa: PLC0415 - slow to load, and only for who has a bucket
    from botocore.config import Config  # noqa: PLC0415

    secret = settings.attachments_s3_secret
    client = boto3.client(
        "s3",
        endpoint_url=settings.attachments_s3_endpoint,
        region_name=settings.attachments_s3_region,
        aws_access_key_id=settings.attachments_s3_key_id,
        aws_secret_access_key=None if secret is None else secret.get_secret_value(),
        # Checksums in trailers are Amazon's own; other servers refuse them. What is encrypted is checked by its key.
        config=Config(
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            retries={"mode": "standard", "max_attempts": 3},
            connect_timeout=3,
            read_timeout=30,
        ),
    )
    return Bucket(client, settings.attachments_s3_bucket)
