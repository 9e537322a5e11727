"""Who runs which job, until when, and how the last run went.

| column | |
|---|---|
| name | of the job |
| due_at | when it is to run next; kept over restarts |
| holder | the process that runs it, null when nobody does |
| token | raised at every claim; what a holder writes carries its token, so a late one changes nothing |
| lease_until | when the holder is taken for dead, by the database's clock |
| started_at, finished_at, seconds | of the last run |
| outcome | of the last run: done, failed, stopped (the process ended), lost (the lease did) |
| error | of a failed run: kind and words, cut and without personal data |
| failures | in a row |
"""

import sqlalchemy as sa

from shared.database import UtcTime

NAME = "job_lease"


def job_lease(metadata: sa.MetaData) -> sa.Table:
    """The table in this metadata, made once."""
    if (known := metadata.tables.get(NAME)) is not None:
        return known
    return sa.Table(
        NAME,
        metadata,
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("due_at", UtcTime, nullable=False),
        sa.Column("holder", sa.String(255)),
        sa.Column("token", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lease_until", UtcTime),
        sa.Column("started_at", UtcTime),
        sa.Column("finished_at", UtcTime),
        sa.Column("seconds", sa.Float),
        sa.Column("outcome", sa.String(16)),
        sa.Column("error", sa.String(400)),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_job_lease"),
        sa.CheckConstraint(
            "outcome IN ('done', 'failed', 'stopped', 'lost')", name=sa.schema.conv("ck_job_lease_outcome")
        ),
    )


LEASE = job_lease(sa.MetaData())
