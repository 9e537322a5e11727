"""A process of production serves people while the event log is away."""

from collections.abc import Awaitable, Callable

import pytest

from services.intake.main import SERVICE
from services.intake.settings import IntakeSettings
from shared.database.provision import Access
from shared.local.ports import free_port
from shared.messaging.log import LogUnavailable
from shared.runtime.opening import opened


def settings_of(access: Access) -> IntakeSettings:
    """Of Kafka at a port where nobody listens."""
    return IntakeSettings(
        database_url=access.url, kafka_bootstrap_servers=f"127.0.0.1:{free_port()}", database_pool=2
    )


async def test_production_begins_without_the_log(
    service_access: Callable[[str], Awaitable[Access]],
) -> None:
    settings = settings_of(await service_access("intake"))
    # A copy is not validated: the database of a test has a weak password.
    async with opened(SERVICE, settings.model_copy(update={"mode": "production"}), "api") as runtime:
        await runtime.database.ping()
        with pytest.raises(LogUnavailable):
            await runtime.log.ping()
