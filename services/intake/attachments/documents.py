"""PDF files: taken as they are, if they only show something.

A document cannot be drawn anew without a whole PDF renderer, so it is refused where it says that it does something. The
names are looked for in what lies open; objects that are compressed hide theirs, and a viewer is the one that has to be
safe. So documents are only ever given out as downloads. What a PDF says of its author stays in it.
"""

import re

from services.intake.attachments.rules import ActiveDocument, DamagedImage

HEADER = b"%PDF-"
_TAIL = 1024  # bytes; where readers look for the end (ISO 32000-1, annex H, note 18)
_ACTIVE = frozenset(
    {
        b"JavaScript",
        b"JS",
        b"Launch",
        b"EmbeddedFile",
        b"EmbeddedFiles",
        b"RichMedia",
        b"XFA",
        b"SubmitForm",
        b"ImportData",
        b"GoToE",
        b"Encrypt",
    }
)
"""What runs, carries other files, sends something, or keeps us from looking (ISO 32000-1, 7.6, 7.11.4, 12.6.4, 13)."""
_NAME = re.compile(rb"/((?:[^\x00\t\n\f\r ()<>\[\]{}/%#]|#[0-9A-Fa-f]{2}){1,32})")
_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"\bstream\r?\n.*?\bendstream\b", re.DOTALL)


def check(content: bytes) -> None:
    """`content` begins as a PDF does. Raises DamagedImage where it has no end, ActiveDocument."""
    end = content.rfind(b"%%EOF")
    if end < 0 or end < len(content) - _TAIL:
        raise DamagedImage(field="body") if end < 0 else ActiveDocument(field="body")
    if content[end + 5 :].strip(b"\r\n\t \x00"):
        raise ActiveDocument(field="body")
    # What lies in streams is the pages' own content or compressed: by chance it holds any two letters.
    for name in _NAME.findall(_STREAM.sub(b"", content)):
        if _ESCAPE.sub(lambda code: bytes([int(code[1], 16)]), name) in _ACTIVE:
            raise ActiveDocument(field="body")
