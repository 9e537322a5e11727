"""Images drawn anew: the picture stays, and nothing of where, when and by what it was made.

The pixels are decoded and encoded again, so that neither metadata (EXIF with GPS, XMP, comments, text chunks, colour
profiles) nor anything behind the picture's end comes through: a file that is a photo and a program at once is a photo
afterwards. It costs colours that an sRGB screen would not show.
"""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, UnidentifiedImageError

from services.intake.attachments.rules import DamagedImage, HugeImage, MediaType, WrongContent

MAX_PIXELS = {"JPEG": 52_000_000, "PNG": 30_000_000, "WEBP": 30_000_000}
"""Looked at before decoding: what unpacks to more is refused (a decompression bomb). A telephone of today makes up to 50
million. A progressive JPEG of so many takes 150 MB while it is decoded, a PNG of 30 million 120 MB; a container has 384."""
LONGEST = 2560
"""Pixels of the longer side that is kept: enough to read a door plate across a street."""
_QUALITY = 88
_FORMATS = {"JPEG": MediaType.JPEG, "PNG": MediaType.PNG, "WEBP": MediaType.WEBP}
_COLOURS = {"L", "RGB", "RGBA"}
_TRANSPARENT = {"LA", "PA", "La", "RGBa"}


@dataclass(frozen=True, slots=True)
class Picture:
    content: bytes
    media_type: MediaType
    width: int
    height: int


def drawn_anew(content: bytes) -> Picture:
    """Takes a processor for up to a second. Raises WrongContent, DamagedImage, HugeImage."""
    with warnings.catch_warnings():
        # Pillow warns of half the size that it refuses; the limit here is our own.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return _drawn(content)
        except UnidentifiedImageError:
            raise WrongContent from None
        except Image.DecompressionBombError:
            raise HugeImage(pixels=max(MAX_PIXELS.values())) from None
        except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, MemoryError):
            # Whatever a decoder stumbles over; all of these have been seen of damaged files.
            raise DamagedImage(field="body") from None


def _drawn(content: bytes) -> Picture:
    with Image.open(io.BytesIO(content), formats=tuple(_FORMATS)) as opened:
        format = opened.format or ""
        media_type, most = _FORMATS[format], MAX_PIXELS[format]
        if opened.width * opened.height > most:
            raise HugeImage(pixels=most)
        # A large JPEG is decoded at a half or a quarter of its size at once, which also saves memory.
        opened.draft("RGB", (LONGEST, LONGEST))
        opened.load()
        # Before it is turned, so that only the small picture is there twice.
        opened.thumbnail((LONGEST, LONGEST))
        picture = _plain(ImageOps.exif_transpose(opened), media_type)
    written = io.BytesIO()
    if media_type is MediaType.PNG:
        picture.save(written, "PNG")
    else:
        picture.save(written, "JPEG" if media_type is MediaType.JPEG else "WEBP", quality=_QUALITY)
    return Picture(written.getvalue(), media_type, picture.width, picture.height)


def _plain(image: Image.Image, media_type: MediaType) -> Image.Image:
    """The pixels alone, in a mode that every viewer knows."""
    if image.mode not in _COLOURS:
        transparent = image.mode in _TRANSPARENT or "transparency" in image.info
        image = image.convert("RGBA" if transparent else "RGB")
    if media_type is MediaType.JPEG and image.mode == "RGBA":
        image = image.convert("RGB")
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    return bare
