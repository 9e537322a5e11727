"""What was sent, by its content: an image drawn anew, a document that only shows something, or refused."""

import asyncio
from dataclasses import dataclass

from services.intake.attachments import documents
from services.intake.attachments.rules import MediaType, WrongContent

_AT_ONCE = 1
"""Images that a process decodes at the same time: each may take 190 MB and a processor."""
_IMAGES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")


@dataclass(frozen=True, slots=True)
class Content:
    """What is stored."""

    bytes: bytes
    media_type: MediaType
    width: int | None = None
    height: int | None = None


class Checks:
    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def content(self, sent: bytes) -> Content:
        """Raises WrongContent, DamagedImage, HugeImage, ActiveDocument."""
        if sent.startswith(documents.HEADER):
            documents.check(sent)
            return Content(sent, MediaType.PDF)
        if not sent.startswith(_IMAGES):
            raise WrongContent
        # Imported here: a worker process never draws, and the library is slow to load.
        from services.intake.attachments.images import drawn_anew  # noqa: PLC0415

        async with self._turns:
            picture = await asyncio.to_thread(drawn_anew, sent)
        return Content(picture.content, picture.media_type, picture.width, picture.height)
