"""What may be attached: by content, freed of everything but the picture."""

import io
from typing import Any

import pytest
from PIL import Image

from services.intake.attachments import documents
from services.intake.attachments.checking import Checks
from services.intake.attachments.images import LONGEST, drawn_anew
from services.intake.attachments.rules import (
    ActiveDocument,
    AttachmentTerms,
    DamagedImage,
    HugeImage,
    MediaType,
    WrongContent,
    ended_for,
)
from shared.refusals import Refusal
from tests.services.intake.channels import SECRET_PLACE, bomb, pdf, photo

SECRETS = (b"Secret", SECRET_PLACE.encode(), b"Exif", b"EXIF", b"x:xmpmeta", b"iCCP", b"ICC_PROFILE", b"ICCP")


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_nothing_of_where_and_by_what_a_picture_was_made_comes_through(format: str) -> None:
    sent = photo(format)
    assert any(secret in sent for secret in SECRETS), "the test's own picture has something to lose"
    picture = drawn_anew(sent)
    assert not [secret for secret in SECRETS if secret in picture.content]
    with Image.open(io.BytesIO(picture.content)) as again:
        assert again.format == format
        assert not again.getexif()
        assert (
            not {"exif", "icc_profile", "comment", "xmp", "Location", "XML:com.adobe.xmp"} & again.info.keys()
        )


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_a_picture_that_was_to_be_turned_is_turned(format: str) -> None:
    picture = drawn_anew(photo(format, (640, 480)))
    assert (picture.width, picture.height) == (480, 640)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "F"])
def test_pictures_of_every_kind_are_drawn(mode: str) -> None:
    image = Image.new("RGB", (20, 10), (9, 99, 200))
    written = io.BytesIO()
    format = "JPEG" if mode == "CMYK" else "PNG"
    if mode == "F":
        image.convert("L").save(written, "PNG")
    elif mode == "I;16":
        Image.new("I;16", (20, 10), 30_000).save(written, "PNG")
    else:
        image.convert(mode).save(written, format)
    assert drawn_anew(written.getvalue()).width == 20


def test_the_pixels_stay() -> None:
    picture = drawn_anew(photo("PNG"))
    with Image.open(io.BytesIO(picture.content)) as again:
        # Turned by a quarter: what was above on the left is now above on the right.
        assert again.convert("RGB").getpixel((470, 10)) == (200, 10, 10)
        assert again.convert("RGB").getpixel((10, 630)) == (30, 120, 60)


def test_what_stands_behind_a_pictures_end_is_gone() -> None:
    """A file that is a photo and an archive, or a photo and a page, at once."""
    for behind in (b"PK\x03\x04 an archive PK\x05\x06", b"<script>alert(1)</script>", b"%PDF-1.7"):
        assert behind not in drawn_anew(photo() + behind).content


def test_a_large_picture_is_made_smaller() -> None:
    picture = drawn_anew(photo(size=(LONGEST + 904, 300)))
    assert max(picture.width, picture.height) == LONGEST


SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
GIF = b"GIF89a" + bytes(40)


@pytest.mark.parametrize(
    ("sent", "refusal", "reason"),
    [
        (SVG, WrongContent, "a drawing that may run scripts"),
        (b"<?xml version='1.0'?>" + SVG, WrongContent, "the same with a declaration"),
        (b"<html><body>", WrongContent, "a page"),
        (GIF, WrongContent, "a picture of another format"),
        (b"PK\x03\x04", WrongContent, "an archive"),
        (b"MZ\x90", WrongContent, "a program"),
        (b"", WrongContent, "nothing"),
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", WrongContent, "a sound"),
        (b"\xff\xd8\xff", WrongContent, "the first bytes of a photo alone"),
        (photo()[:2000], DamagedImage, "half a photo"),
        (photo("PNG")[:-200], DamagedImage, "half a picture"),
        (bomb(), HugeImage, "900 million pixels in some kilobytes"),
        (bomb(60_000), HugeImage, "so many that Pillow refuses too"),
        (b" " + pdf(), WrongContent, "a document that something stands before"),
        (pdf(end=b""), DamagedImage, "a document without an end"),
        (pdf() + b"PK\x03\x04 an archive", ActiveDocument, "a document and an archive at once"),
        (pdf() + bytes(2000), ActiveDocument, "or something after it"),
        (pdf(b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), ActiveDocument, "scripts"),
        (pdf(b"/OpenAction << /S /J#61vaScript >>"), ActiveDocument, "the same, written otherwise"),
        (pdf(b"/AA << /O << /S /Launch >> >>"), ActiveDocument, "starts a program"),
        (pdf(b"/Names << /EmbeddedFiles 5 0 R >>"), ActiveDocument, "carries files"),
        (pdf(b"/Encrypt 5 0 R"), ActiveDocument, "keeps us from looking"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_everything_else_is_refused(sent: bytes, refusal: type[Refusal], reason: str) -> None:
    with pytest.raises(refusal):
        await Checks().content(sent)


async def test_a_document_that_only_shows_something_is_taken_as_it_is() -> None:
    content = await Checks().content(pdf())
    assert (content.bytes, content.media_type) == (pdf(), MediaType.PDF)
    # By chance, compressed content holds such names.
    stream = b"4 0 obj\n<< /Length 12 >>\nstream\n/JS /Launch\nendstream\nendobj\n"
    documents.check(pdf().replace(b"trailer", stream + b"trailer"))


def test_damaged_pictures_never_do_anything_but_be_refused() -> None:
    """Every place of a small picture in turn broken: drawn, or refused by name."""
    for format in ("JPEG", "PNG", "WEBP"):
        whole = (
            photo(format, (24, 16), exif=b"", icc_profile=b"") if format != "PNG" else photo(format, (24, 16))
        )
        for at in range(0, len(whole), max(1, len(whole) // 150)):
            broken = bytearray(whole)
            broken[at] ^= 0xFF
            try:
                drawn_anew(bytes(broken))
            except Refusal:
                continue


@pytest.mark.parametrize(
    ("settings", "named"),
    [({"megabytes": 26}, "megabytes"), ({"number": "9"}, "number"), ({"kilobytes": 1}, "kilobytes")],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        AttachmentTerms.of(settings)


def test_after_the_end_only_who_works_on_it_attaches_proof() -> None:
    assert ended_for("resident", resting=True)
    assert ended_for("portal", resting=True)
    assert not ended_for("worker", resting=True)
    assert not ended_for("resident", resting=False)
