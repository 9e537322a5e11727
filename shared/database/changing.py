"""How many rows a statement has changed."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import CursorResult, Executable
from sqlalchemy.ext.asyncio import AsyncSession


async def rows_changed(
    session: AsyncSession, statement: Executable, values: Mapping[str, Any] | None = None
) -> int:
    """Execute an insert, update or delete that returns no rows."""
    return cast(CursorResult[Any], await session.execute(statement, values)).rowcount
