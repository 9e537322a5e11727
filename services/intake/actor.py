"""Who acts, as it is written into stories and records of reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    role: str
    subject: str
