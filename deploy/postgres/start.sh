#!/bin/bash
# Starts PostgreSQL 17 on the volume, making the cluster at the first start. In place of the image's own entrypoint, so that
# any image which has the server works, and nothing needs root.
set -euo pipefail
PATH=/usr/lib/postgresql/17/bin:$PATH
data=/var/lib/postgresql/data/cluster

# Two servers on one folder destroy it, and PostgreSQL sees another only in its own container.
exec 9> "$data.lock"
flock --nonblock 9 || { echo "another server runs on $data" >&2; exit 73; }

if [ ! -s "$data/PG_VERSION" ]; then
    rm -rf "$data.new"
    initdb --pgdata="$data.new" --username=postgres --pwfile=/run/secrets/postgres_admin_password \
        --auth-local=scram-sha-256 --auth-host=scram-sha-256 --encoding=UTF8 --locale-provider=builtin \
        --builtin-locale=C.UTF-8 --locale=C.UTF-8 --data-checksums >/dev/null
    {
        echo 'host all all all scram-sha-256'
        echo 'host replication replicator all scram-sha-256'
    } >> "$data.new/pg_hba.conf"
    mv "$data.new" "$data"  # whole, or made again at the next start
fi

exec postgres -D "$data" -c config_file=/etc/longxi/postgresql.conf -c hba_file="$data/pg_hba.conf" \
    -c ident_file="$data/pg_ident.conf" -c data_directory="$data" "$@"
