"""Many rows at once, as copies of one that the service made: what thousands do is not filed by thousands of calls."""

from tests.services.intake.conftest import Intake


async def copied(intake: Intake, table: str, of: str, number: int) -> None:
    """So many copies more, with ids (and reference numbers) of their own."""
    await intake.change(f"""
        INSERT INTO {table} SELECT copy.* FROM {table} one CROSS JOIN generate_series(1, {number}) AS number
        CROSS JOIN LATERAL jsonb_populate_record(one, jsonb_build_object(
            'id', overlay(one.id::text PLACING lpad(to_hex(number), 12, '0') FROM 25), 'reference', number
        )) copy
        WHERE one.id = '{of}'
    """)  # noqa: S608 - of the test's own
