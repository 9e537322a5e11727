"""Versions of things as entity tags (RFC 9110, section 8.8.3): two people who edit the same thing notice."""


class NotModified(Exception):
    """Ends a route: the caller already has this version."""


def etag(version: int) -> str:
    return f'"{version}"'


def names(header: str, version: int) -> bool:
    """Whether an If-Match or If-None-Match speaks of this version.

    A weak form of our tag counts too: a gateway that compresses answers turns every tag into a weak one.
    """
    wanted = etag(version)
    return any(tag.strip().removeprefix("W/") in (wanted, "*") for tag in header.split(","))


__all__ = ["NotModified", "etag", "names"]
