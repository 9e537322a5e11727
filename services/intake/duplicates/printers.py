"""The makers of fingerprints, one a community, with a key that follows from the keyring and the community's name."""

from services.intake.duplicates.fingerprints import Printer
from shared.database import Keyring

_PURPOSE = "request.fingerprint"


class Printers:
    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._made: dict[str, Printer] = {}

    def of(self, tenant: str) -> Printer:
        printer = self._made.get(tenant)
        if printer is None:
            printer = self._made[tenant] = Printer(self._keyring.blind_index(tenant, purpose=_PURPOSE))
        return printer
