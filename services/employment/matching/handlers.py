"""New seekers and new vacancies are matched as soon as their event is heard."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.employment.matching import actions
from services.employment.matching.policy import Policies
from shared.clock import Clock
from shared.contracts.employment import SeekerRegistered, VacancyPublished
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers


def register(handlers: Handlers, *, policies: Policies, clock: Clock) -> None:
    @handlers.on_batch(SeekerRegistered)
    async def match_new_seekers(session: AsyncSession, events: Sequence[Received[SeekerRegistered]]) -> None:
        causes = {event.data.seeker: event.envelope for event in events}
        await actions.match_seekers(session, causes, policy=policies.of(events[0].tenant), now=clock())

    @handlers.on_batch(VacancyPublished)
    async def match_new_vacancies(
        session: AsyncSession, events: Sequence[Received[VacancyPublished]]
    ) -> None:
        causes = {event.data.vacancy: event.envelope for event in events}
        await actions.match_vacancies(session, causes, policy=policies.of(events[0].tenant), now=clock())
