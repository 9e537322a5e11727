"""Messages, what is known of requests, preferences and webhooks, with the tables that every service has."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database.isolation import enable_tenant_isolation
from shared.runtime.tables import create_infrastructure

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_DUE = sa.text("not_before IS NOT NULL")
_AT_REST = "finished IS NULL OR (not_before IS NULL AND lease IS NULL)"
_TABLES = (
    "message",
    "known_request",
    "case_holder",
    "preference",
    "webhook",
    "webhook_event",
    "webhook_delivery",
)


def upgrade() -> None:
    create_infrastructure(op)  # type: ignore[arg-type]  # alembic's module stands for its Operations
    _messages()
    _known()
    _preferences()
    _webhooks()
    _deliveries()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]


def _messages() -> None:
    op.create_table(
        "message",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("event", sa.String(48), nullable=False),
        sa.Column("correlation", sa.Uuid, nullable=False),
        sa.Column("traceparent", sa.String(200)),
        sa.Column("about", sa.Uuid, nullable=False),
        sa.Column("recipient", sa.Uuid, nullable=False),
        sa.Column("recipient_kind", sa.String(16), nullable=False),
        sa.Column("template", sa.String(48), nullable=False),
        sa.Column("template_version", sa.Integer, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(16)),
        _count("attempts"),
        sa.Column("reason", sa.String(48)),
        sa.Column("provider_reference", sa.String(64)),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("lease", sa.Uuid),
        sa.Column("finished", _TIME),
        sa.Column("read", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint("tenant", "event_id", "recipient", "template", name="uq_message_told_once"),
        sa.CheckConstraint(_AT_REST, name="ck_message_final_is_at_rest"),
    )
    _index("message", "due", "not_before", "id", where=_DUE)
    _index("message", "open", "expires", where=sa.text("finished IS NULL"))
    _index("message", "about", "about", "id")
    _index("message", "recipient", "recipient", "id")
    _index("message", "unread", "recipient", where=sa.text("read IS NULL"))
    _index("message", "finished", "finished", where=sa.text("finished IS NOT NULL"))


def _known() -> None:
    op.create_table(
        "known_request",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("category", sa.String(48)),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("due", _TIME, nullable=False),
        sa.Column("due_provisional", sa.Boolean, nullable=False),
        sa.Column("history", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_known_request"),
    )
    _index("known_request", "resident", "resident")
    _index("known_request", "due", "due")
    op.create_table(
        "case_holder",
        _tenant(),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("worker", sa.Uuid),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_case_holder"),
    )


def _preferences() -> None:
    op.create_table(
        "preference",
        _tenant(),
        sa.Column("person", sa.Uuid, nullable=False),
        sa.Column("channels", ARRAY(sa.String(16)), nullable=False),
        sa.Column("language", sa.String(2)),
        sa.Column("opt_outs", ARRAY(sa.String(16)), nullable=False),
        _count("version", 1),
        sa.Column("changed", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("person", name="pk_preference"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhook",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("url", sa.String(1000), nullable=False),
        sa.Column("events", ARRAY(sa.String(48)), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("old_secret", sa.LargeBinary),
        sa.Column("old_secret_until", _TIME),
        sa.Column("failing_since", _TIME),
        _count("failures"),
        sa.Column("created", _TIME, nullable=False),
        _count("version", 1),
        sa.PrimaryKeyConstraint("id", name="pk_webhook"),
    )
    _index("webhook", "owner", "owner", "id")


def _deliveries() -> None:
    op.create_table(
        "webhook_event",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("event", sa.String(48), nullable=False),
        sa.Column("about", sa.Uuid, nullable=False),
        sa.Column("correlation", sa.Uuid, nullable=False),
        sa.Column("traceparent", sa.String(200)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_event"),
    )
    _index("webhook_event", "about", "about")
    _index("webhook_event", "created", "created")
    op.create_table(
        "webhook_delivery",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("webhook", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        _count("round", 1),
        sa.Column("state", sa.String(32), nullable=False),
        _count("attempts"),
        sa.Column("reason", sa.String(48)),
        sa.Column("status", sa.Integer),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("not_before", _TIME),
        sa.Column("lease", sa.Uuid),
        sa.Column("finished", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_delivery"),
        sa.ForeignKeyConstraint(
            ["webhook"], ["webhook.id"], name="fk_webhook_delivery_webhook_webhook", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["event_id"],
            ["webhook_event.id"],
            name="fk_webhook_delivery_event_id_webhook_event",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("tenant", "webhook", "event_id", "round", name="uq_webhook_delivery_once"),
        sa.CheckConstraint(_AT_REST, name="ck_webhook_delivery_final_is_at_rest"),
    )
    _index("webhook_delivery", "due", "not_before", "id", where=_DUE)
    _index("webhook_delivery", "webhook", "webhook", "id")
    _index("webhook_delivery", "event", "event_id")


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant",
        sa.String(31),
        server_default=sa.text("current_setting('longxi.tenant', true)"),
        nullable=False,
    )


def _count(name: str, start: int = 0) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, server_default=sa.text(str(start)), nullable=False)


def _index(table: str, name: str, *columns: str, where: Any = None) -> None:
    """Every index begins with the tenant, since every query does."""
    op.create_index(f"ix_{table}_{name}", table, ["tenant", *columns], postgresql_where=where)
