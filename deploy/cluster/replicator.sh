#!/bin/bash
# Makes the role that the replica copies and follows the primary with. Safe to run again; a changed password is changed.
set -euo pipefail
PATH=${POSTGRES_BIN:-/usr/lib/postgresql/17/bin}:$PATH
export PGUSER=postgres PGDATABASE=postgres PGHOST=${PRIMARY_HOST:-postgres} PGPORT=${PRIMARY_PORT:-5432}
PGPASSWORD=$(cat "${ADMIN_PASSWORD_FILE:-/run/secrets/postgres_admin_password}")
export PGPASSWORD
export REPLICATION_PASSWORD_FILE=${REPLICATION_PASSWORD_FILE:-/run/secrets/postgres_replication_password}
export SLOT_WAL=${SLOT_WAL:-10GB}

# Read by psql itself, so that the password is in no list of processes. A replica that is away for so long that this much
# of the log was written has to be copied anew; without a bound the primary's disk would fill up for it.
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --output=/dev/null <<'SQL'
\set password `cat "$REPLICATION_PASSWORD_FILE"`
\set slot_wal `echo "$SLOT_WAL"`
SELECT 'CREATE ROLE replicator LOGIN REPLICATION' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'replicator') \gexec
ALTER ROLE replicator PASSWORD :'password';
ALTER SYSTEM SET max_slot_wal_keep_size = :'slot_wal';
SELECT pg_reload_conf();
SQL
