"""Closing aiokafka's consumer, whatever becomes of the broker meanwhile."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from aiokafka import AIOKafkaConsumer

logger = logging.getLogger(__name__)

_LEAVE_SECONDS = 10.0


async def close(consumer: AIOKafkaConsumer, of: str) -> None:
    """Leave the group and close the connections; `of` names whose consumer it is. Raises nothing of Kafka's.

    In a task of its own: with a broker away, aiokafka lets the cancellation of its own fetches out of `stop`, which would
    end whoever awaits it as if he had been cancelled, and may swallow that of a timeout.
    """
    failure = await _ended(consumer.stop())
    if failure is not None:
        # The broker will miss its heartbeat.
        logger.warning("%s: leaving failed: %r", of, failure)
        await _ended(consumer._client.close())


async def _ended(closing: Coroutine[Any, Any, None]) -> BaseException | None:
    """What it ended with, if not well."""
    task = asyncio.create_task(closing)
    try:
        await asyncio.wait([task], timeout=_LEAVE_SECONDS)
    finally:
        if not task.done():
            task.cancel()
    if not task.done():
        return TimeoutError()
    return asyncio.CancelledError() if task.cancelled() else task.exception()
