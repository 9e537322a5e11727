"""Time that stands still."""

from datetime import UTC, datetime

import pytest

from shared.testing.clock import FrozenClock


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """Wednesday, 18 November 2026, 10:00 in Shanghai: an ordinary working day."""
    return FrozenClock(datetime(2026, 11, 18, 2, 0, tzinfo=UTC))
