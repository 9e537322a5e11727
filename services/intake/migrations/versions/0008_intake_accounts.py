"""Ledgers of activities, volunteer points, the three rates."""

import sqlalchemy as sa
from alembic import op

from shared.database.isolation import enable_tenant_isolation

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)
_TABLES = (
    "rate_mark",
    "point_account",
    "point_posting",
    "point_lot",
    "point_item",
    "point_order",
    "point_use",
    "point_statement",
    "ledger",
    "ledger_line",
    "ledger_reimbursement",
)
# What is written into books is never changed.
_BOOKS = ("point_posting", "ledger_line")


def upgrade() -> None:
    _rates()
    _points()
    _orders()
    _ledgers()
    _kept_by_the_database()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # alembic's module stands for its Operations


def _rates() -> None:
    op.create_table(
        "rate_mark",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("entry", sa.BigInteger, nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("grid", sa.Uuid, nullable=True),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("responded", sa.Boolean, nullable=True),
        sa.Column("resolved", sa.Boolean, nullable=True),
        sa.Column("satisfied", sa.Boolean, nullable=True),
        sa.Column("reason", sa.String(48), nullable=True),
        sa.Column("flags", sa.ARRAY(sa.String(24)), nullable=False),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_rate_mark_request_request"),
        sa.PrimaryKeyConstraint("request", "entry", name="pk_rate_mark"),
    )
    op.create_index("ix_rate_mark_tenant_month_kind_entry", "rate_mark", ["tenant", "month", "kind", "entry"])
    op.create_index(
        "ix_rate_mark_flagged",
        "rate_mark",
        ["tenant", "month", "entry"],
        postgresql_where=sa.text("flags <> '{}'"),
    )
    op.create_index(
        "ix_request_to_call_back",
        "request",
        ["tenant", "closed", "id"],
        postgresql_where=sa.text("state = 'closed' AND NOT history"),
    )
    op.create_index(
        "ix_request_history", "request", ["tenant", "filed", "id"], postgresql_where=sa.text("history")
    )
    op.create_index(
        "ix_request_story_decisive",
        "request_story",
        ["tenant", "request", "id"],
        postgresql_where=sa.text("entry IN ('rate', 'rate_joined', 'reject', 'mark_duplicate', 'withdraw')"),
    )


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False)


def _points() -> None:
    op.create_table(
        "point_account",
        _tenant(),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("balance", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.CheckConstraint("balance >= 0", name="ck_point_account_balance_not_negative"),
        sa.CheckConstraint("minutes >= 0", name="ck_point_account_minutes_not_negative"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_point_account_resident_resident"),
        sa.PrimaryKeyConstraint("resident", name="pk_point_account"),
    )
    op.create_table(
        "point_posting",
        _tenant(),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("debit", sa.String(16), nullable=False),
        sa.Column("credit", sa.String(16), nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("balance", sa.Integer, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=True),
        sa.Column("activity", sa.Uuid, nullable=True),
        sa.Column("order_id", sa.Uuid, nullable=True),
        sa.Column("corrects", sa.BigInteger, nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.CheckConstraint(
            "amount > 0 OR (amount = 0 AND reason = 'attended')", name="ck_point_posting_moves_something"
        ),
        sa.CheckConstraint("debit <> credit", name="ck_point_posting_between_two_accounts"),
        sa.CheckConstraint(
            "(debit = 'resident') <> (credit = 'resident')", name="ck_point_posting_of_one_resident"
        ),
        sa.ForeignKeyConstraint(
            ["resident"], ["point_account.resident"], name="fk_point_posting_resident_point_account"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_point_posting"),
    )
    op.create_index(
        "ix_point_posting_attended_once",
        "point_posting",
        ["activity", "resident"],
        unique=True,
        postgresql_where=sa.text("reason = 'attended'"),
    )
    op.create_index(
        "ix_point_posting_corrected_once",
        "point_posting",
        ["corrects"],
        unique=True,
        postgresql_where=sa.text("corrects IS NOT NULL"),
    )
    op.create_index("ix_point_posting_resident_id", "point_posting", ["resident", "id"])
    op.create_index("ix_point_posting_tenant_at", "point_posting", ["tenant", "at"])
    op.create_table(
        "point_lot",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("posting", sa.BigInteger, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.Column("left", sa.Integer, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
        sa.Column("warned", _TIME, nullable=True),
        sa.CheckConstraint('"left" >= 0 AND "left" <= amount', name="ck_point_lot_left_of_amount"),
        sa.ForeignKeyConstraint(
            ["resident"], ["point_account.resident"], name="fk_point_lot_resident_point_account"
        ),
        sa.ForeignKeyConstraint(["posting"], ["point_posting.id"], name="fk_point_lot_posting_point_posting"),
        sa.PrimaryKeyConstraint("id", name="pk_point_lot"),
    )
    op.create_index("ix_point_lot_posting", "point_lot", ["posting"])
    living = sa.text('"left" > 0')
    op.create_index("ix_point_lot_living", "point_lot", ["resident", "expires"], postgresql_where=living)
    op.create_index("ix_point_lot_expiring", "point_lot", ["tenant", "expires"], postgresql_where=living)
    op.create_table(
        "point_statement",
        _tenant(),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["resident"], ["point_account.resident"], name="fk_point_statement_resident_point_account"
        ),
        sa.PrimaryKeyConstraint("resident", "month", name="pk_point_statement"),
    )


def _orders() -> None:
    op.create_table(
        "point_item",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name_zh", sa.String(60), nullable=False),
        sa.Column("name_en", sa.String(120), nullable=True),
        sa.Column("price", sa.Integer, nullable=False),
        sa.Column("stock", sa.Integer, nullable=False),
        sa.Column("offered", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed", _TIME, nullable=False),
        sa.CheckConstraint("price > 0", name="ck_point_item_has_a_price"),
        sa.CheckConstraint("stock >= 0", name="ck_point_item_stock_not_negative"),
        sa.PrimaryKeyConstraint("id", name="pk_point_item"),
    )
    op.create_index("ix_point_item_tenant_id", "point_item", ["tenant", "id"])
    op.create_table(
        "point_order",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("item", sa.Uuid, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("points", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("ordered", _TIME, nullable=False),
        sa.Column("settled", _TIME, nullable=True),
        sa.CheckConstraint("quantity > 0 AND points > 0", name="ck_point_order_of_something"),
        sa.ForeignKeyConstraint(
            ["resident"], ["point_account.resident"], name="fk_point_order_resident_point_account"
        ),
        sa.ForeignKeyConstraint(["item"], ["point_item.id"], name="fk_point_order_item_point_item"),
        sa.PrimaryKeyConstraint("id", name="pk_point_order"),
    )
    op.create_index("ix_point_order_tenant_id", "point_order", ["tenant", "id"])
    op.create_index("ix_point_order_tenant_resident_id", "point_order", ["tenant", "resident", "id"])
    op.create_index(
        "ix_point_order_open", "point_order", ["tenant", "id"], postgresql_where=sa.text("state = 'ordered'")
    )
    op.create_table(
        "point_use",
        _tenant(),
        sa.Column("order_id", sa.Uuid, nullable=False),
        sa.Column("lot", sa.Uuid, nullable=False),
        sa.Column("amount", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["point_order.id"], name="fk_point_use_order_id_point_order"),
        sa.ForeignKeyConstraint(["lot"], ["point_lot.id"], name="fk_point_use_lot_point_lot"),
        sa.PrimaryKeyConstraint("order_id", "lot", name="pk_point_use"),
    )


def _ledgers() -> None:
    op.create_table(
        "ledger",
        _tenant(),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("lines", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("opened", _TIME, nullable=False),
        sa.Column("settled", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_ledger_activity_activity"),
        sa.PrimaryKeyConstraint("activity", name="pk_ledger"),
    )
    op.create_index("ix_ledger_tenant_state_activity", "ledger", ["tenant", "state", "activity"])
    op.create_table(
        "ledger_line",
        _tenant(),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("debit", sa.String(24), nullable=False),
        sa.Column("credit", sa.String(24), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("payer", sa.Uuid, nullable=True),
        sa.Column("party", sa.String(80), nullable=True),
        sa.Column("sponsor", sa.Uuid, nullable=True),
        sa.Column("purpose", sa.String(48), nullable=True),
        sa.Column("receipt", sa.Uuid, nullable=True),
        sa.Column("reverses", sa.Integer, nullable=True),
        sa.Column("claim", sa.Uuid, nullable=True),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.CheckConstraint("amount > 0", name="ck_ledger_line_moves_money"),
        sa.CheckConstraint("debit <> credit", name="ck_ledger_line_between_two_accounts"),
        sa.CheckConstraint(
            "(payer IS NOT NULL) = (debit = 'owed' OR credit = 'owed')",
            name="ck_ledger_line_owed_to_somebody",
        ),
        sa.CheckConstraint(
            "(reverses IS NOT NULL) = (kind = 'reversal')", name="ck_ledger_line_reversal_names_its_line"
        ),
        sa.ForeignKeyConstraint(["activity"], ["ledger.activity"], name="fk_ledger_line_activity_ledger"),
        sa.ForeignKeyConstraint(["payer"], ["resident.id"], name="fk_ledger_line_payer_resident"),
        sa.ForeignKeyConstraint(["sponsor"], ["resident.id"], name="fk_ledger_line_sponsor_resident"),
        sa.PrimaryKeyConstraint("activity", "number", name="pk_ledger_line"),
    )
    op.create_index(
        "ix_ledger_line_reversed_once",
        "ledger_line",
        ["activity", "reverses"],
        unique=True,
        postgresql_where=sa.text("reverses IS NOT NULL"),
    )
    op.create_index("ix_ledger_line_tenant_payer_at", "ledger_line", ["tenant", "payer", "at"])
    op.create_table(
        "ledger_reimbursement",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("payer", sa.Uuid, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("entered", _TIME, nullable=False),
        sa.Column("entered_by", sa.String(255), nullable=False),
        sa.Column("decided", _TIME, nullable=True),
        sa.Column("decided_by", sa.String(255), nullable=True),
        sa.Column("line", sa.Integer, nullable=True),
        sa.CheckConstraint("amount > 0", name="ck_ledger_reimbursement_asks_for_money"),
        sa.CheckConstraint(
            "decided_by IS NULL OR decided_by <> entered_by", name="ck_ledger_reimbursement_four_eyes"
        ),
        sa.ForeignKeyConstraint(
            ["activity"], ["ledger.activity"], name="fk_ledger_reimbursement_activity_ledger"
        ),
        sa.ForeignKeyConstraint(["payer"], ["resident.id"], name="fk_ledger_reimbursement_payer_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_reimbursement"),
    )
    op.create_index("ix_ledger_reimbursement_activity_id", "ledger_reimbursement", ["activity", "id"])
    op.create_index("ix_ledger_reimbursement_payer", "ledger_reimbursement", ["payer"])
    op.create_index("ix_ledger_reimbursement_tenant_id", "ledger_reimbursement", ["tenant", "id"])
    op.create_index(
        "ix_ledger_reimbursement_waiting",
        "ledger_reimbursement",
        ["tenant", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _kept_by_the_database() -> None:
    """What no code can break: books that never change, and a balance that is the sum of what is left of its lots."""
    op.execute("""
        CREATE FUNCTION books_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is never changed; reverse what was wrong', TG_TABLE_NAME;
        END $$
    """)
    for table in _BOOKS:
        op.execute(f"""
            CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION books_never_change()
        """)
    op.execute("""
        CREATE FUNCTION points_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            has integer;
            living integer;
        BEGIN
            SELECT balance INTO has FROM point_account WHERE resident = NEW.resident;
            SELECT coalesce(sum("left"), 0) INTO living FROM point_lot
            WHERE resident = NEW.resident AND "left" > 0;
            IF has IS DISTINCT FROM living THEN
                RAISE EXCEPTION 'points do not add up: a balance of %, lots of %', has, living
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NULL;
        END $$
    """)
    for table in ("point_account", "point_lot"):
        op.execute(f"""
            CREATE CONSTRAINT TRIGGER points_add_up AFTER INSERT OR UPDATE ON {table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION points_add_up()
        """)
