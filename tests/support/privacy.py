"""Words that must not be found in clear, looked for in every form that something on the way may have given them."""

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
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
    """Looks for all of them at once. Latin letters are found in either case."""

    def __init__(self, words: Iterable[str]) -> None:
        self._names: dict[str, tuple[str, str]] = {}
        patterns = []
        for word in sorted(set(words)):
            for form, pattern in _forms(word):
                name = f"w{len(self._names)}"
                self._names[name] = word, form
                patterns.append(b"(?P<%s>%s)" % (name.encode(), pattern))
        self._pattern = re.compile(b"|".join(patterns), re.IGNORECASE)

    def found_in(self, place: str, content: bytes) -> Iterator[Found]:
        seen: set[str] = set()
        for match in self._pattern.finditer(content):
            name = match.lastgroup or ""
            if name not in seen:
                seen.add(name)
                yield Found(place, *self._names[name])

    def found(self, contents: Iterable[tuple[str, bytes]]) -> list[Found]:
        return list(
            dict.fromkeys(found for place, content in contents for found in self.found_in(place, content))
        )


def unexplained(found: Iterable[Found], allowed: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What was found elsewhere than where it may be: by word, places with the reason."""
    return sorted({str(one) for one in found if one.place not in allowed.get(one.word, {})})


def _forms(word: str) -> Iterator[tuple[str, bytes]]:
    text = word.encode()
    if word.isascii() and word.isdigit():
        # As people write telephone numbers: in groups.
        yield (
            "in clear",
            b"[ -]?".join(re.escape(digit) for digit in (text[i : i + 1] for i in range(len(text)))),
        )
    else:
        yield "in clear", re.escape(text)
    if not word.isascii():
        yield "as GB 18030", re.escape(word.encode("gb18030"))
        yield "JSON-escaped", b"".join(map(_escaped, word))
    yield "as UTF-16", re.escape(word.encode("utf-16-le"))
    if (quoted := quote(word, safe="")) != word:
        yield "URL-encoded", re.escape(quoted.encode()).replace(b"%", b"%(?:25)*")
    yield "in hexadecimal", text.hex().encode()
    # Three octets become four letters: a word has three forms, by where it begins. What its neighbours share is left out.
    for before in range(3):
        letters = base64.b64encode(b"\0" * before + text).rstrip(b"=")
        first = (before * 8 + 5) // 6
        whole = letters[first : (before + len(text)) * 8 // 6]
        if len(whole) >= _SHORTEST:
            either = re.escape(whole).replace(rb"\+", b"[+-]").replace(b"/", b"[/_]")
            # IGNORECASE is for the other forms: here case is content.
            yield "in base64", b"(?-i:%s)" % either


def _escaped(character: str) -> bytes:
    """As JSON may have it, once or more often; ASCII is seldom escaped."""
    escape = rb"\\+u%04x" % ord(character)
    return b"(?:%s|%s)" % (re.escape(character.encode()), escape) if character.isascii() else escape


__all__ = ["Found", "Words", "unexplained"]
