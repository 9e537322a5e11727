"""Versions of things as entity tags (RFC 9110, section 8.8.3): two people who edit the same thing notice."""

import hashlib


class NotModified(Exception):
    """Ends a route: the caller already has this version."""


def etag(version: int) -> str:
    return f'"{version}"'


def weak_etag(parts: tuple[object, ...]) -> str:
    """Of what an answer is made of: the same parts, the same tag. Weak, since it is not of the bytes."""
    return f'W/"{hashlib.blake2b(repr(parts).encode(), digest_size=12).hexdigest()}"'


def names(header: str, version: int) -> bool:
    """Whether an If-Match or If-None-Match speaks of this version.

    A weak form of our tag counts too: a gateway that compresses answers turns every tag into a weak one.
    """
    wanted = etag(version)
    return any(tag.strip().removeprefix("W/") in (wanted, "*") for tag in header.split(","))


def names_weakly(header: str, tag: str) -> bool:
    """Whether an If-None-Match speaks of this weak tag (RFC 9110, section 13.1.2: weak comparison)."""
    wanted = tag.removeprefix("W/")
    return any(each.strip().removeprefix("W/") in (wanted, "*") for each in header.split(","))


__all__ = ["NotModified", "etag", "names", "names_weakly", "weak_etag"]
