"""What does not belong into a topic ends as a dead letter or is dropped, and no good event waits for it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from shared.contracts.intake import Channel, RequestFiled, RequestWithdrawn, Urgency
from shared.database import new_id
from shared.messaging.envelope import MAX_DATA, Envelope, ReplayMark
from shared.messaging.records import Record
from tests.support.platform import TENANT, Platform
from tests.support.resting import at_rest

TOPIC = "intake.events"
_LONG_AGO = datetime(2019, 5, 1, tzinfo=UTC)


def _filed(request: UUID | None = None, *, sequence: int = 1, **more: Any) -> Envelope:
    now = datetime.now(UTC)
    event = RequestFiled(
        request=request or new_id(),
        resident=new_id(),
        reference="261118-000001-0",
        urgency=Urgency.NORMAL,
        channel=Channel.WEB,
        filed=now,
        due=now + timedelta(days=7),
    )
    return _envelope(event, sequence, **more)


def _withdrawn(request: UUID, *, sequence: int = 2, **more: Any) -> Envelope:
    return _envelope(RequestWithdrawn(request=request, resident=new_id()), sequence, **more)


def _envelope(event: RequestFiled | RequestWithdrawn, sequence: int, **more: Any) -> Envelope:
    id = new_id()
    envelope = Envelope(
        id=id,
        source="urn:longxi:service:intake",
        type=event.type,
        time=datetime.now(UTC),
        subject=event.subject(),
        tenant=TENANT,
        sequence=sequence,
        correlation=id,
        causation=None,
        traceparent=None,
        dataschema=event.dataschema(),
        data=event.model_dump_json().encode(),
    )
    return envelope._replace(**more)


def _without(record: Record, header: str) -> Record:
    return record._replace(headers=tuple(pair for pair in record.headers if pair[0] != header))


def _with(record: Record, header: str, value: bytes) -> Record:
    return record._replace(headers=(*_without(record, header).headers, (header, value)))


def _malformed() -> list[Record]:
    """Records without a readable envelope."""
    good = _filed().to_record(TOPIC)
    return [
        Record(TOPIC, None, b""),
        Record(TOPIC, b"\xff\x00", b"\x00\xff not JSON"),
        _without(good, "ce_id"),
        _with(good, "ce_id", b"7"),
        _with(good, "ce_specversion", b"0.3"),
        _with(good, "ce_time", b"2026-02-30T00:00:00Z"),
        _with(good, "ce_sequence", b"0"),
        _with(good, "ce_sequence", b"-1"),
        _with(good, "ce_sequence", b"9" * 19),
        _with(good, "ce_subject", "路灯".encode()),
        _with(good, "ce_tenant", b"a" * 32),
        _with(good, "ce_type", b"request.\x00filed"),
    ]


def _unfit() -> dict[str, list[Envelope]]:
    """Events that can be read and never be applied, by their reason."""
    return {
        "invalid": [
            _filed(data=b"{"),
            _filed(data=b'{"request": 1}'),
            _filed(data=b'\xff"'),
            _filed(data=b"[" * 50_000),
            _filed(data=_filed().data.replace(b'"normal"', b'"at once"')),
        ],
        "unknown_tenant": [_filed(tenant="atlantis"), _filed(tenant="*")],
        "too_large": [_filed(data=b" " * (MAX_DATA + 1))],
    }


async def test_bad_records_end_as_dead_letters_and_good_ones_are_applied_once(platform: Platform) -> None:
    """Guards docs/invariants/poison-holds-only-its-own-key.md, applied-once.md and replay-is-safe.md over a service."""
    good = [_filed() for _ in range(40)]
    unfit = [event for events in _unfit().values() for event in events]
    bad = [*_malformed(), *(event.to_record(TOPIC) for event in unfit)]
    withdrawn = [_withdrawn(event.subject) for event in good[:5]]
    disordered = [_filed() for _ in range(3)]
    old = _filed()._replace(id=UUID(int=7 << 76 | 1 << 63), time=_LONG_AGO)
    foreign = [
        _filed(type="request.teleported", dataschema="urn:longxi:event:request.teleported:v1"),
        *(_filed(replay=ReplayMark(new_id(), "somebody-else")) for _ in range(2)),
    ]

    mixed: list[Record] = []
    for number, event in enumerate(good):
        mixed.append(event.to_record(TOPIC))
        mixed += bad[number : number + 1]
    for event in disordered:
        mixed += [_withdrawn(event.subject).to_record(TOPIC), event.to_record(TOPIC)]
    mixed += [event.to_record(TOPIC) for event in (*foreign, *withdrawn, old)]
    assert len(bad) <= len(good)
    log = platform.running["casework"].runtime.log
    await log.publish(mixed)
    await _settle(platform)
    after = await _cases(platform)
    # The same again, and marked as a replay for casework, as when somebody resets an offset or asks for years ago.
    await log.publish([event.to_record(TOPIC) for event in (*good, *withdrawn, old, *good)])
    mark = ReplayMark(new_id(), "casework")
    await log.publish([event._replace(replay=mark).to_record(TOPIC) for event in (old, *good[:10])])
    await _settle(platform)

    assert await _cases(platform) == after
    applied = {event.subject for event in (*good, *disordered, old)}
    assert set(after) == applied
    ended = {event.subject for event in (*withdrawn, *disordered)}
    assert {request for request, (state, _) in after.items() if state == "closed"} == ended
    assert await _dead(platform) == {
        "malformed": len(_malformed()),
        **{reason: len(events) for reason, events in _unfit().items()},
    }


async def test_what_follows_a_dead_letter_waits_and_nobody_else_does(platform: Platform) -> None:
    poison, other = _filed(data=b"{}"), _filed()
    await _publish(
        platform, [poison, _withdrawn(poison.subject), other, _withdrawn(other.subject), _filed(tenant="x")]
    )
    await _settle(platform)
    assert set(await _cases(platform)) == {other.subject}
    admin = platform.running["casework"].admin
    waiting = await admin.fetch("SELECT aggregate FROM held_event WHERE state = 'waiting'")
    assert [row["aggregate"] for row in waiting] == [poison.subject]


async def _settle(platform: Platform) -> None:
    """Casework alone: a message about what happened years ago waits for the job that lets it expire."""
    await at_rest([platform.running["casework"]], platform.clock, 30)


async def _publish(platform: Platform, events: Sequence[Envelope]) -> None:
    await platform.running["casework"].runtime.log.publish([event.to_record(TOPIC) for event in events])


async def _cases(platform: Platform) -> dict[UUID, tuple[str, int]]:
    """Each case's state and how many entries its story has."""
    rows = await platform.running["casework"].admin.fetch(
        'SELECT work.id, state, (SELECT count(*) FROM case_entry WHERE "case" = work.id) AS entries FROM "case" AS work'
    )
    return {row["id"]: (row["state"], row["entries"]) for row in rows}


async def _dead(platform: Platform) -> dict[str, int]:
    rows = await platform.running["casework"].admin.fetch(
        "SELECT reason, count(*) FROM held_event WHERE state = 'dead' GROUP BY reason"
    )
    return {row["reason"]: row["count"] for row in rows}
