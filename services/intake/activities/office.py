"""What every use case of activities needs. Made once by main.py."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities.attendance import Sign
from services.intake.activities.terms import Terms
from services.intake.holidays.queries import Calendars
from services.intake.policies import Policies
from services.intake.residents.keys import Keys

MayActFor = Callable[[AsyncSession, UUID, UUID], Awaitable[bool]]
"""Whether the first resident is a registered guardian of the second, or lives in one household with them."""
_PURPOSE = "activity.attendance"


async def nobody_for_another(_session: AsyncSession, _acting: UUID, _resident: UUID) -> bool:
    """Until households and guardians are asked, residents act for themselves only."""
    return False


@dataclass(frozen=True, slots=True)
class Office:
    keys: Keys
    calendars: Calendars
    policies: Policies
    may_act_for: MayActFor = nobody_for_another

    def terms(self, tenant: str) -> Terms:
        return self.policies.of(tenant).activities

    def sign(self, tenant: str) -> Sign:
        """The keyed hash of the community's attendance codes. The key never leaves the key file's keyring."""
        keyring = self.keys.keyring
        return lambda message: keyring.blind_index(f"{tenant}\0{message}", purpose=_PURPOSE)


__all__ = ["MayActFor", "Office", "nobody_for_another"]
