#!/bin/bash
# Starts a PostgreSQL replica: copies the primary whole at the first start, then follows it. In place of postgres/start.sh.
# What is said further, as `-c name=value`, goes to the server.
set -euo pipefail
PATH=${POSTGRES_BIN:-/usr/lib/postgresql/17/bin}:$PATH
data=${POSTGRES_DATA:-/var/lib/postgresql/data/cluster}
name=${REPLICA_NAME:-replica}
run=${REPLICA_RUN:-/tmp/replica}
primary=${PRIMARY_HOST:-postgres}
port=${PRIMARY_PORT:-5432}

umask 077
mkdir -p "$run"
# Two servers on one folder destroy it, and PostgreSQL sees another only in its own container.
exec 9> "$data.lock"
flock --nonblock 9 || { echo "another server runs on $data" >&2; exit 73; }
printf '*:*:*:replicator:%s\n' "$(cat "${REPLICATION_PASSWORD_FILE:-/run/secrets/postgres_replication_password}")" > "$run/password"
primary="host=$primary port=$port user=replicator passfile=$run/password application_name=$name"

if [ ! -s "$data/PG_VERSION" ]; then
    # A slot that is left from a replica which was lost may have been given up by the primary.
    pg_receivewal --dbname="$primary" --no-password --drop-slot --slot="$name" 2>/dev/null || true
    # It keeps the log from the copy's beginning on, until the replica has it.
    until pg_receivewal --dbname="$primary" --no-password --create-slot --if-not-exists --slot="$name"; do sleep 2; done
    rm -rf "$data.new"
    pg_basebackup --dbname="$primary" --no-password --pgdata="$data.new" --wal-method=stream --slot="$name" --checkpoint=fast
    touch "$data.new/standby.signal"
    mv "$data.new" "$data"  # whole, or made again at the next start
fi

exec postgres -D "$data" -c "primary_conninfo=$primary" -c "primary_slot_name=$name" -c hot_standby=on "$@"
