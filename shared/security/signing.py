"""A private key of our own, kept as a JWK in a file that only its owner may read."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import PyJWK, PyJWTError
from jwt.algorithms import OKPAlgorithm

from shared.security.keysets import ALGORITHMS

AUDIENCE = "longxi"


class SigningKeyUnusable(ValueError):
    """The file holds no private key that may sign tokens."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Signs tokens. `public` is the JWK that whoever checks them needs."""

    private: PyJWK
    public: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> "SigningKey":
        """Raises OSError or SigningKeyUnusable."""
        try:
            document = json.loads(path.read_text())
            private = PyJWK.from_dict(document)
        except (ValueError, AttributeError, PyJWTError):
            raise SigningKeyUnusable(f"{path.name} is not a JWK") from None
        if private.algorithm_name not in ALGORITHMS or "d" not in document or not document.get("kid"):
            raise SigningKeyUnusable(f"{path.name} has to be a private RSA, EC or OKP key with a kid")
        secret = {"d", "p", "q", "dp", "dq", "qi", "oth", "key_ops"}
        return cls(private, {name: value for name, value in document.items() if name not in secret})

    @staticmethod
    def write_new(path: Path) -> None:
        """Make an Ed25519 key with mode 0600, whole or not at all. Raises FileExistsError; never overwrites."""
        jwk = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
        document = {**jwk, "kid": secrets.token_hex(8), "use": "sig", "alg": "EdDSA"}
        unfinished = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(document, file)
            os.link(unfinished, path)
        finally:
            unfinished.unlink()

    def sign(self, claims: Mapping[str, Any], *, now: datetime, lifetime: timedelta) -> str:
        """A token with these claims and `iat`, `nbf`, `exp`, `jti`."""
        moment = int(now.timestamp())
        times = {"iat": moment, "nbf": moment, "exp": moment + int(lifetime.total_seconds())}
        return jwt.encode(
            {**times, "jti": secrets.token_hex(8), **claims},
            self.private.key,
            algorithm=self.private.algorithm_name,
            headers={"kid": self.public["kid"]},
        )


__all__ = ["AUDIENCE", "SigningKey", "SigningKeyUnusable"]
