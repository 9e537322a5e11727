"""Intake for one community that publishes, and for two; pictures and documents of every kind."""

import io
import struct
import zlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from shared.database import Database
from shared.tenants import Tenant, Tenants
from shared.testing.clock import FrozenClock
from tests.services.intake.conftest import Intake
from tests.support.web import Stage

SECRET_PLACE = "31.2304"
"""A latitude that stands in the metadata of these pictures."""


def tenants(settings: Mapping[str, Any], *others: str) -> Tenants:
    """`longxi` with these settings of intake, and others without any."""
    made = {"longxi": Tenant("longxi", "龙溪社区", "Longxi", {"intake": settings})}
    return Tenants(made | {id: Tenant(id, f"{id}社区", id) for id in others})


Make = Callable[..., Awaitable[Intake]]


@pytest.fixture
async def make_intake(
    service_database: Callable[[str], Awaitable[Database]],
    stage: Stage,
    frozen_clock: FrozenClock,
    tmp_path: Path,
) -> Make:
    """`await make_intake({"anonymous": True})`: a running intake with these settings and a folder for attachments."""

    async def make(
        settings: Mapping[str, Any] | None = None,
        *others: str,
        folder: Path | None = tmp_path / "attachments",
    ) -> Intake:
        stage.settings.attachments_folder = folder
        database = await service_database("intake")
        return Intake(database, stage, frozen_clock, tenants=tenants(settings or {}, *others))

    return make


def photo(format: str = "JPEG", size: tuple[int, int] = (640, 480), **save: Any) -> bytes:
    """A picture that says where and by what it was made, in every way that its format has."""
    image = Image.new("RGB", size, (30, 120, 60))
    image.paste((200, 10, 10), (0, 0, size[0] // 2, size[1] // 2))
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # to be turned by a quarter
    exif.get_ifd(0x8825)[0x0001] = "N"
    exif.get_ifd(0x8825)[0x0002] = (31.0, 13.0, 49.44)
    options: dict[str, Any] = {"exif": exif.tobytes(), "icc_profile": b"SecretProfile" * 9, **save}
    if format == "JPEG":
        options["comment"] = f"SecretComment {SECRET_PLACE}".encode()
    if format == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Location", f"SecretComment {SECRET_PLACE}")
        options["pnginfo"] = text
    if format == "WEBP":
        options["xmp"] = f"<x:xmpmeta>SecretComment {SECRET_PLACE}</x:xmpmeta>".encode()
    written = io.BytesIO()
    image.save(written, format, **options)
    return written.getvalue()


def bomb(side: int = 30_000) -> bytes:
    """A PNG of some kilobytes that says it is of `side` times `side` pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    lines = zlib.compress(bytes(side + 1) * 64, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def pdf(*inside: bytes, end: bytes = b"%%EOF\n") -> bytes:
    """A document of one empty page."""
    objects = b"".join(
        b"%d 0 obj\n%s\nendobj\n" % (number, content)
        for number, content in enumerate(
            (
                b"<< /Type /Catalog /Pages 2 0 R %s >>" % b" ".join(inside),
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
            ),
            1,
        )
    )
    return b"%PDF-1.7\n" + objects + b"trailer << /Root 1 0 R >>\nstartxref\n9\n" + end
