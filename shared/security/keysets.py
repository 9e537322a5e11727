"""The public keys of an issuer: a JWK Set (RFC 7517) from a file or from its URL."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from shared.clock import Clock

ALGORITHMS = frozenset({"RS256", "ES256", "EdDSA"})
"""Signatures with a public key only: with HS256 whoever can check a token could also forge one."""
_MAX_AGE = timedelta(hours=1)
_MIN_BETWEEN = timedelta(minutes=1)  # unknown key ids cost the issuer at most one request a minute
_MIN_RSA_BITS = 2048  # NIST SP 800-131A
_MAX_BYTES = 256 * 1024

log = logging.getLogger(__name__)

Fetch = Callable[[], Awaitable[bytes]]


class KeysUnavailable(Exception):
    """The set could not be read, and none was read before."""


class KeySet:
    """An issuer's keys by id, read when first needed and again hourly or for an id not seen before."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: Mapping[str | None, PyJWK] = {}
        self._read_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str | None) -> PyJWK | None:
        """The key with this id; without an id, the only key there is. Raises KeysUnavailable."""
        if self._is_stale() or self._find(kid) is None:
            await self._refresh()
        if self._read_at is None:
            raise KeysUnavailable
        return self._find(kid)

    def _find(self, kid: str | None) -> PyJWK | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    def _is_stale(self) -> bool:
        return self._read_at is None or self._clock() - self._read_at > _MAX_AGE

    async def _refresh(self) -> None:
        async with self._lock:  # callers that waited here find the time of the last try set
            now = self._clock()
            if self._tried_at is not None and now - self._tried_at < _MIN_BETWEEN:
                return
            self._tried_at = now
            try:
                self._keys = parse_keys(await self._fetch())
                self._read_at = now
            except (httpx.HTTPError, OSError, ValueError) as error:
                # Known keys stay in use: an issuer's outage must not lock everybody out.
                log.warning("issuer_keys_unreadable", extra={"error": type(error).__name__})


def parse_keys(content: bytes) -> Mapping[str | None, PyJWK]:
    """The usable signature keys of a JWK Set. Raises ValueError where it is not one."""
    if len(content) > _MAX_BYTES:
        raise ValueError("the key set is too large")
    document = json.loads(content)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWK Set")
    keys = (_usable(entry) for entry in entries if isinstance(entry, dict))
    return {key.key_id: key for key in keys if key is not None}


def _usable(entry: dict[str, Any]) -> PyJWK | None:
    """A key that may check signatures; others (for encryption, symmetric, too short) are passed over."""
    if entry.get("use", "sig") != "sig" or entry.get("kty") not in {"RSA", "EC", "OKP"}:
        return None
    try:
        key = PyJWK.from_dict(entry)
    except (PyJWTError, ValueError):
        return None
    if key.algorithm_name not in ALGORITHMS:
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < _MIN_RSA_BITS:
        return None
    return key


def from_file(path: Path) -> Fetch:
    async def fetch() -> bytes:
        return await asyncio.to_thread(path.read_bytes)

    return fetch


def from_url(url: str, http: httpx.AsyncClient) -> Fetch:
    async def fetch() -> bytes:
        answer = await http.get(url, timeout=5.0, headers={"Accept": "application/json"})
        return answer.raise_for_status().content

    return fetch


__all__ = ["ALGORITHMS", "KeySet", "KeysUnavailable", "from_file", "from_url", "parse_keys"]
