"""Groups in the database: members, whose partition is whose, and how one changes hands.

Everything that changes ownership holds the group's row exclusively. A partition of a live member is not taken from it:
the next one is named, and gets it when the member has nothing of it in hand, or when the handover time is over.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from asyncpg import Connection

from shared.messaging.local.assigning import Place, share_out
from shared.messaging.local.holdings import InHand, Owned


@dataclass(frozen=True, slots=True)
class Pulse:
    """What a heartbeat found out."""

    generation: int
    deaths: bool
    handovers: bool
    """This member has partitions to give away, or somebody's time for it is over."""


async def join(
    connection: Connection,
    group: str,
    member: UUID,
    topics: Sequence[str],
    *,
    session_timeout: float,
    handover: float,
) -> None:
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO event_log.consumer_group VALUES ($1) ON CONFLICT DO NOTHING", group
        )
        await _lock(connection, group)
        number = await connection.fetchval(
            """
            INSERT INTO event_log.member (id, group_name, topics, session_timeout, heard_at)
            VALUES ($1, $2, $3, $4, clock_timestamp()) RETURNING number
            """,
            member,
            group,
            list(topics),
            timedelta(seconds=session_timeout),
        )
        # Held by the session, past this transaction: as long as it lives, the member does.
        await connection.execute("SELECT pg_advisory_lock(5196, $1)", number)
        await _rebalance(connection, group, handover)


async def leave(connection: Connection, group: str, member: UUID, handover: float) -> None:
    async with connection.transaction():
        await _lock(connection, group)
        number = await connection.fetchval(
            "DELETE FROM event_log.member WHERE id = $1 RETURNING number", member
        )
        if number is not None:
            await connection.execute("SELECT pg_advisory_unlock(5196, $1)", number)
            await _rebalance(connection, group, handover)


async def beat(connection: Connection, group: str, member: UUID) -> Pulse | None:
    """None when the group has buried the member."""
    row = await connection.fetchrow(
        """
        WITH me AS (UPDATE event_log.member SET heard_at = clock_timestamp() WHERE id = $2 RETURNING id)
        SELECT generation,
               EXISTS (SELECT FROM event_log.member m
                       WHERE m.group_name = $1 AND m.id <> $2 AND NOT event_log.is_alive(m)) AS deaths,
               EXISTS (SELECT FROM event_log.ownership o WHERE o.group_name = $1 AND o.next_member IS NOT NULL
                       AND (o.member = $2 OR o.deadline < clock_timestamp())) AS handovers
        FROM event_log.consumer_group, me WHERE name = $1
        """,
        group,
        member,
    )
    return Pulse(**row) if row is not None else None


async def bury(connection: Connection, group: str, handover: float) -> None:
    """Drop the dead and share out again."""
    async with connection.transaction():
        await _lock(connection, group)
        await _rebalance(connection, group, handover)


async def hand_over(connection: Connection, group: str, member: UUID, in_hand: Collection[int]) -> None:
    """Give away the member's partitions that are promised to others, but those in hand; and those overdue."""
    async with connection.transaction():
        await _lock(connection, group)
        moved = await connection.fetch(
            """
            UPDATE event_log.ownership o
            SET member = next_member, token = g.generation + 1, next_member = NULL, deadline = NULL
            FROM event_log.consumer_group g
            WHERE g.name = $1 AND o.group_name = $1 AND o.next_member IS NOT NULL
              AND ((o.member = $2 AND o.partition_id <> ALL ($3::int[])) OR o.deadline < clock_timestamp())
            RETURNING o.partition_id
            """,
            group,
            member,
            list(in_hand),
        )
        if moved:
            await _announce(connection, group)


async def owned(connection: Connection, group: str, member: UUID) -> list[Owned]:
    rows = await connection.fetch(
        """
        SELECT o.partition_id, p.topic, p.number, o.token, coalesce(c."offset", 0) AS committed
        FROM event_log.ownership o
        JOIN event_log.partition p ON p.id = o.partition_id
        LEFT JOIN event_log.committed c ON c.group_name = o.group_name AND c.partition_id = o.partition_id
        WHERE o.group_name = $1 AND o.member = $2
        ORDER BY o.partition_id
        """,
        group,
        member,
    )
    return [Owned(**row) for row in rows]


async def commit(connection: Connection, group: str, member: UUID, in_hand: Mapping[int, InHand]) -> bool:
    """False, and nothing noted, when any of the partitions is no longer the member's by the token it was read under."""
    places = in_hand.values()
    stored: bool = await connection.fetchval(
        "SELECT event_log.commit_offsets($1, $2, $3, $4, $5)",
        group,
        member,
        list(in_hand),
        [place.token for place in places],
        [place.offset for place in places],
    )
    return stored


async def _lock(connection: Connection, group: str) -> None:
    await connection.execute("SELECT FROM event_log.consumer_group WHERE name = $1 FOR UPDATE", group)


async def _announce(connection: Connection, group: str) -> None:
    """A new generation, told to all members."""
    await connection.execute(
        "UPDATE event_log.consumer_group SET generation = generation + 1 WHERE name = $1", group
    )
    await connection.execute("SELECT pg_notify('event_log', 'group:' || $1)", group)


async def _rebalance(connection: Connection, group: str, handover: float) -> None:
    await connection.execute(
        "DELETE FROM event_log.member m WHERE m.group_name = $1 AND NOT event_log.is_alive(m)", group
    )
    rows = await connection.fetch("SELECT id, topics FROM event_log.member WHERE group_name = $1", group)
    members = {row["id"]: frozenset(row["topics"]) for row in rows}
    rows = await connection.fetch(
        """
        SELECT p.id, p.topic, o.member, o.next_member FROM event_log.partition p
        LEFT JOIN event_log.ownership o ON o.partition_id = p.id AND o.group_name = $1
        WHERE o.member IS NOT NULL OR p.topic = ANY ($2)
        ORDER BY p.id
        """,
        group,
        list(frozenset().union(*members.values())),
    )
    holders = {Place(row["id"], row["topic"]): row["member"] for row in rows}
    promised = {Place(row["id"], row["topic"]): row["next_member"] or row["member"] for row in rows}
    shares = share_out(members, list(holders), {place: owner for place, owner in promised.items() if owner})
    at_once = {place: owner for place, owner in shares.items() if holders[place] not in members}
    later = {place: owner for place, owner in shares.items() if place not in at_once}
    await connection.execute(
        "DELETE FROM event_log.ownership WHERE group_name = $1 AND partition_id <> ALL ($2::int[])",
        group,
        [place.id for place in shares],
    )
    await connection.execute(
        """
        INSERT INTO event_log.ownership (group_name, partition_id, member, token)
        SELECT $1, new.partition_id, new.member, g.generation + 1
        FROM unnest($2::int[], $3::uuid[]) AS new (partition_id, member), event_log.consumer_group g
        WHERE g.name = $1
        ON CONFLICT (group_name, partition_id) DO UPDATE
        SET member = excluded.member, token = excluded.token, next_member = NULL, deadline = NULL
        """,
        group,
        [place.id for place in at_once],
        list(at_once.values()),
    )
    await connection.execute(
        """
        UPDATE event_log.ownership o
        SET next_member = nullif(new.member, o.member),
            deadline = CASE WHEN new.member <> o.member THEN coalesce(o.deadline, clock_timestamp() + $4) END
        FROM unnest($2::int[], $3::uuid[]) AS new (partition_id, member)
        WHERE o.group_name = $1 AND o.partition_id = new.partition_id
        """,
        group,
        [place.id for place in later],
        list(later.values()),
        timedelta(seconds=handover),
    )
    await _announce(connection, group)
