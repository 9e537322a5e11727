"""PostgreSQL for every service: transactions of one tenant, ids, encrypted columns, migrations."""

from shared.database.changing import rows_changed
from shared.database.columns import NAMING, TenantMixin, UtcTime, among
from shared.database.encryption import DataKey, Keyring, Undecipherable
from shared.database.engine import EVERYWHERE, Database, note_scope, scope, scope_of
from shared.database.ids import first_id, new_id

__all__ = [
    "EVERYWHERE",
    "NAMING",
    "DataKey",
    "Database",
    "Keyring",
    "TenantMixin",
    "Undecipherable",
    "UtcTime",
    "among",
    "first_id",
    "new_id",
    "note_scope",
    "rows_changed",
    "scope",
    "scope_of",
]
