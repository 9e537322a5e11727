"""Words that must not be found in clear, looked for in every form that something on the way may have given them."""

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

_SHORTEST = 6
"""Octets that a form has to have: shorter ones are found in anything."""


@dataclass(frozen=True, slots=True)
class Found:
    """A word, and where it stood; `form` says how it was written."""

    place: str
    word: str
    form: str

    def __str__(self) -> str:
        return f"{self.word} ({self.form}) in {self.place}"


class Words:
    """Looks for all of them at once. Latin letters are found in either case.

    Every form of a word is a plain run of octets in a copy of the content in which all ways of writing that form are one:
    looking for those is a hundred times faster than one expression for all of them.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._forms = [(word, *form) for word in sorted(set(words)) for form in _forms(word)]

    def found(self, contents: Iterable[tuple[str, bytes]]) -> list[Found]:
        """In the contents of each place, which have an end of a line between them."""
        places: dict[str, list[bytes]] = {}
        for place, content in contents:
            places.setdefault(place, []).append(content)
        return list(
            dict.fromkeys(
                found for place, pieces in places.items() for found in self._found(place, b"\n".join(pieces))
            )
        )

    def _found(self, place: str, content: bytes) -> Iterator[Found]:
        for alike in _ALIKE:
            copy = alike(content)
            for word, form, made_alike, octets in self._forms:
                if made_alike is alike and octets in copy:
                    yield Found(place, word, form)


def unexplained(found: Iterable[Found], allowed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What was found elsewhere than where it may be: by word, places with the reason."""
    return sorted({str(one) for one in found if one.place not in allowed.get(one.word, {})})


_Alike = Callable[[bytes], bytes]


def _lower(content: bytes) -> bytes:
    return content.lower()


def _ungrouped(content: bytes) -> bytes:
    """Without what people write between the digits of a telephone number."""
    return content.translate(None, b" -")


def _unescaped(content: bytes) -> bytes:
    """With one backslash for any number of them, and ASCII as it is."""
    return _ASCII.sub(
        lambda match: bytes.fromhex(match[1].decode()), _BACKSLASHES.sub(rb"\\", content.lower())
    )


def _percent(content: bytes) -> bytes:
    """As encoded once, however often it was."""
    return _PERCENT.sub(b"%", content.lower())


def _letters(content: bytes) -> bytes:
    """Base64 with the letters of either alphabet. Case is content here."""
    return content.translate(_ALPHABET)


_ALIKE: Sequence[_Alike] = (_lower, _ungrouped, _unescaped, _percent, _letters)
_BACKSLASHES = re.compile(rb"\\\\+")
_ASCII = re.compile(rb"\\u00([2-7][0-9a-f])")
_PERCENT = re.compile(rb"%(?:25)+")
_ALPHABET = bytes.maketrans(b"-_", b"+/")


def _forms(word: str) -> Iterator[tuple[str, _Alike, bytes]]:
    text = word.encode()
    if word.isascii() and word.isdigit():
        # As people write telephone numbers: in groups.
        yield "in clear", _ungrouped, text
    else:
        yield "in clear", _lower, text.lower()
    if not word.isascii():
        yield "as GB 18030", _lower, word.encode("gb18030").lower()
        yield "JSON-escaped", _unescaped, "".join(map(_escaped, word)).encode()
    yield "as UTF-16", _lower, word.encode("utf-16-le").lower()
    if (quoted := quote(word, safe="")) != word:
        yield "URL-encoded", _percent, quoted.lower().encode()
    yield "in hexadecimal", _lower, text.hex().encode()
    # Three octets become four letters: a word has three forms, by where it begins. What its neighbours share is left out.
    for before in range(3):
        letters = base64.b64encode(b"\0" * before + text).rstrip(b"=")
        first = (before * 8 + 5) // 6
        whole = letters[first : (before + len(text)) * 8 // 6]
        if len(whole) >= _SHORTEST:
            yield "in base64", _letters, whole


def _escaped(character: str) -> str:
    return character.lower() if character.isascii() else rf"\u{ord(character):04x}"


__all__ = ["Found", "Words", "unexplained"]
