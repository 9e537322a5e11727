"""An issuer in a folder, for a laptop and for tests: the same signatures and checks as a real one, no server.

It signs whatever it is asked to, so production mode refuses it (`shared.security.trust`).
"""

import contextlib
import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from shared.clock import Clock, system_clock
from shared.security.principal import Role
from shared.security.signing import AUDIENCE, SigningKey

LOCAL_ISSUER = "longxi-local"
TRIAL_ISSUER = "longxi-trial"
"""The issuer that an installation which is only tried out makes for itself (`longxi secrets init --trial`)."""
KEY_FILE = "signing-key.json"
JWKS_FILE = "jwks.json"


class LocalIssuer:
    """Keys made once under `folder` (private 0600, folder 0700) and tokens signed with them."""

    def __init__(self, folder: Path, *, issuer: str = LOCAL_ISSUER, clock: Clock = system_clock) -> None:
        self.issuer = issuer
        self.key_file = folder / KEY_FILE
        """May also serve as SERVICE_KEY_FILE."""
        self.jwks_file = folder / JWKS_FILE
        self._clock = clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.key_file.exists():  # the folder may be one that we only read
            with contextlib.suppress(FileExistsError):  # another process of the same stack was first
                SigningKey.write_new(self.key_file)
        self._key = SigningKey.load(self.key_file)
        self._publish()

    def mint(
        self,
        tenant: str,
        subject: str,
        roles: Iterable[Role],
        ttl: timedelta = timedelta(hours=8),
        **claims: Any,
    ) -> str:
        """A token; `claims` are added or replace what it would say."""
        said = {"iss": self.issuer, "aud": AUDIENCE, "sub": subject, "tenant": tenant}
        return self._key.sign(
            {**said, "roles": sorted(role.value for role in roles), **claims}, now=self._clock(), lifetime=ttl
        )

    def _publish(self) -> None:
        content = json.dumps({"keys": [self._key.public]})
        if self.jwks_file.exists() and self.jwks_file.read_text() == content:
            return
        # Not by the process id, which threads share and containers repeat.
        unfinished = self.jwks_file.with_name(f".{JWKS_FILE}.{uuid4().hex}")
        unfinished.write_text(content)
        unfinished.replace(self.jwks_file)


__all__ = ["JWKS_FILE", "KEY_FILE", "LOCAL_ISSUER", "TRIAL_ISSUER", "LocalIssuer"]
