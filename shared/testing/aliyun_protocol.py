"""The provider's side of Aliyun's request signature, version 3: written from its documentation, apart from the client."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,]+),SignedHeaders=(?P<names>[^,]+),Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = timedelta(minutes=15)
_HAVE_TO_BE_SIGNED = {
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
}


class Refused(Exception):
    """The request is not let in; the text is the provider's error code."""


def verify(
    *,
    method: str,
    query: str,
    headers: Mapping[str, str],
    body: bytes,
    key_id: str,
    key_secret: str,
    now: datetime,
) -> None:
    """Raises Refused. `headers` have lower-case names; `query` is as it came, without the question mark."""
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None:
        raise Refused("MissingParameter.Authorization")
    if match["key"] != key_id:
        raise Refused("InvalidAccessKeyId.NotFound")
    names = match["names"].split(";")
    if not set(names) >= _HAVE_TO_BE_SIGNED or names != sorted(names):
        raise Refused("IncompleteSignature")
    if headers["x-acs-content-sha256"] != hashlib.sha256(body).hexdigest():
        raise Refused("InvalidContentSha256")
    sent = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if abs(now - sent) > _SKEW:
        raise Refused("InvalidTimeStamp.Expired")
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    canonical_query = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
    canonical_headers = "".join(f"{name}:{headers[name].strip()}\n" for name in names)
    request = f"{method}\n/\n{canonical_query}\n{canonical_headers}\n{';'.join(names)}\n{headers['x-acs-content-sha256']}"
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(request.encode()).hexdigest()
    expected = hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, match["signature"]):
        raise Refused("SignatureDoesNotMatch")


def _encode(text: str) -> str:
    return quote(text, safe="~")
