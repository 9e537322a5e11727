"""After every journey, all that it left behind is looked at."""

from collections.abc import AsyncIterator

import pytest

from tests.support import evidence
from tests.support.platform import Platform


@pytest.fixture(autouse=True)
async def audited(platform: Platform) -> AsyncIterator[None]:
    """Every event of the journey kept its contract, and nothing holds a word of anybody's in clear."""
    yield
    await platform.settle()
    published = await evidence.records(platform)
    assert published, "a journey makes events"
    assert not list(evidence.contradictions(await evidence.events(platform)))
    rows = await evidence.tables(platform)
    assert not list(evidence.private_in_records(platform.private, published))
    assert not list(evidence.private_in_tables(platform.private, rows))
    assert not list(evidence.private_in_metrics(platform.private))
    assert not [line for name, lines in rows.items() if name.endswith(".held_event") for line in lines]
