"""The fingerprint of a request's words: keyed hashes of what is most telling in them. Plain Python, no I/O.

The words themselves are encrypted. A fingerprint is no dictionary of them: without the key nobody can say which hash
stands for which pair of characters, a community's hashes are unlike any other's, and only some dozens of a text's pairs
are kept, without their order. It is destroyed with the resident's key all the same (`actions.forget`).
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

from services.intake.duplicates.wording import Commonness, Terms, commonness, terms_of

KEPT = 64
"""Terms of a sketch. Of real messages, half have fewer than 110 telling pairs; those that tell most come first."""
SOUGHT = 12
"""Terms by which candidates are found, the first of the sketch; one row each in `request_term`."""
_SUBJECT_COUNTS = 2.0
_PLACES = 12
_AREAS = 6
_UNIT, _MOST = 4, 0x3F
"""A weight is kept in quarters, up to 63/4."""
_IN_SUBJECT, _OF_A_NAME = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Hashes are 32 bits with a sign, as PostgreSQL's `integer` has them."""

    terms: Mapping[int, float]
    """At most KEPT, the most telling first, with how much each tells."""
    subject: frozenset[int]
    named: frozenset[int]
    """Those of the terms that are part of a place's name."""
    places: frozenset[int]
    areas: frozenset[int]

    @property
    def sought(self) -> Sequence[int]:
        """The terms by which it is found."""
        return list(self.terms)[:SOUGHT]

    def packed(self) -> bytes:
        """The sketch, some 400 bytes: three counts, then 5 bytes a term, 4 a place, 4 a district."""
        head = struct.pack("<3B", len(self.terms), len(self.places), len(self.areas))
        terms = b"".join(
            struct.pack("<iB", term, min(_MOST, round(weight * _UNIT)) | self._flags(term))
            for term, weight in self.terms.items()
        )
        rest = (*sorted(self.places), *sorted(self.areas))
        return head + terms + struct.pack(f"<{len(rest)}i", *rest)

    def _flags(self, term: int) -> int:
        return _IN_SUBJECT * (term in self.subject) | _OF_A_NAME * (term in self.named)

    @classmethod
    def unpacked(cls, sketch: bytes) -> "Fingerprint":
        terms, places, areas = sketch[:3]
        pairs = list(struct.iter_unpack("<iB", sketch[3 : 3 + 5 * terms]))
        rest = struct.unpack(f"<{places + areas}i", sketch[3 + 5 * terms :])
        return cls(
            {term: (flag & _MOST) / _UNIT for term, flag in pairs},
            frozenset(term for term, flag in pairs if flag & _IN_SUBJECT),
            frozenset(term for term, flag in pairs if flag & _OF_A_NAME),
            frozenset(rest[:places]),
            frozenset(rest[places:]),
        )


class Printer:
    """Makes the fingerprints of one community."""

    def __init__(self, key: bytes, known: Commonness | None = None) -> None:
        """`key`: 32 bytes, as `Keyring.blind_index` derives them from the community's name."""
        self._key = key
        self._known = known or commonness()

    def of(self, subject: str, body: str, address: str | None = None) -> Fingerprint:
        return self.from_terms(terms_of(subject, body, self._known, address=address))

    def from_terms(self, said: Terms) -> Fingerprint:
        words, subject = said.words, said.subject
        # What tells equally much is taken in the order of a checksum, so that two texts take the same.
        telling = [
            (-int(weight * (_SUBJECT_COUNTS if term in subject else 1.0) * _UNIT), crc32(term.encode()), term)
            for term, weight in words.items()
        ]
        best = {term: self._hash(b"w", term) for _, _, term in sorted(telling)[:KEPT]}
        return Fingerprint(
            {number: words[term] for term, number in best.items()},
            frozenset(best[term] for term in subject & best.keys()),
            frozenset(best[term] for term in said.named & best.keys()),
            self._some(b"p", said.places, _PLACES),
            self._some(b"a", said.areas, _AREAS),
        )

    def _some(self, kind: bytes, names: Iterable[str], most: int) -> frozenset[int]:
        return frozenset(sorted(self._hash(kind, name) for name in names)[:most])

    def _hash(self, kind: bytes, term: str) -> int:
        digest = blake2b(term.encode(), digest_size=4, key=self._key, person=kind).digest()
        return int.from_bytes(digest, "little", signed=True)
