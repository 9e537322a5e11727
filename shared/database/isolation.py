"""Row-level security: the database itself keeps tenants apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Only migrations load Alembic; a service's processes start faster without it.
    from alembic.operations import Operations


_OWN = "tenant = current_setting('longxi.tenant', true)"
_OR_EVERYWHERE = f"{_OWN} OR current_setting('longxi.tenant', true) = '*'"


def enable_tenant_isolation(op: Operations, table: str, *, everywhere: bool = False) -> None:
    """Show a transaction only the rows of its tenant, the table's owner included.

    `everywhere` is for infrastructure tables, which the relay, the inbox and jobs read for all tenants at once.
    """
    condition = _OR_EVERYWHERE if everywhere else _OWN
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(f'CREATE POLICY tenant_isolation ON "{table}" USING ({condition}) WITH CHECK ({condition})')
