"""Aliyun's request signature, version 3 (`ACS3-HMAC-SHA256`), for the RPC style with an empty body.

"V3版本请求体&签名机制" in the provider's documentation; the test holds its example.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"
_EMPTY = hashlib.sha256(b"").hexdigest()


def encoded_query(parameters: Mapping[str, str]) -> str:
    """Sorted by name, encoded as RFC 3986 has it: a space is %20, and `~` stays."""
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in sorted(parameters.items()))


def signed_headers(
    *,
    action: str,
    version: str,
    host: str,
    query: str,
    key_id: str,
    key_secret: str,
    nonce: str,
    now: datetime,
) -> dict[str, str]:
    """The headers of a POST to `/` with `query`. `now` has to be within 15 minutes of the provider's clock."""
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": _EMPTY,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    names = ";".join(sorted(headers))
    signature = signature_of(query, headers, key_secret)
    return headers | {
        "authorization": f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"
    }


def signature_of(query: str, headers: Mapping[str, str], key_secret: str) -> str:
    """Hexadecimal signature of a POST to `/`. `headers` have lower-case names; all of them are signed."""
    names = sorted(headers)
    lines = [
        "POST",
        "/",
        query,
        *(f"{name}:{headers[name].strip()}" for name in names),
        "",
        ";".join(names),
        _EMPTY,
    ]
    canonical = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    to_sign = f"{ALGORITHM}\n{canonical}"
    return hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")
