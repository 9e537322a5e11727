#!/bin/bash
# Puts the replica in the place of a primary that is lost, and begins a new replica. docs/recovery.md says when.
#
#   cd deploy && cluster/promote.sh
#
# The services go on under the same name and passwords: the container `postgres` starts on the replica's volume.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '%s\n' "$*" >&2; }
volume_of() {
    docker inspect --format '{{range .Mounts}}{{if eq .Destination "/var/lib/postgresql/data"}}{{.Name}}{{end}}{{end}}' "$1"
}
set_in_env() {
    local others
    others=$(grep -sv "^$1=" .env || true)
    printf '%s\n%s=%s\n' "$others" "$1" "$2" > .env
}

replica=$(docker compose ps --quiet postgres-replica)
[ -n "$replica" ] || { say "no postgres-replica runs here: is COMPOSE_FILE=docker-compose.yml:compose.cluster.yml in .env?"; exit 2; }
volume=$(volume_of "$replica")
project=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project"}}' "$replica")

say "主库停止 · the primary is stopped, so that there are never two"
docker compose stop postgres || true
say "副本升为主库 · the replica becomes the primary"
docker compose exec -T postgres-replica bash -c \
    '/usr/lib/postgresql/17/bin/pg_ctl promote -w -t 120 -D /var/lib/postgresql/data/cluster'
docker compose stop postgres-replica
set_in_env POSTGRES_VOLUME "$volume"
set_in_env POSTGRES_REPLICA_VOLUME "${project}_postgres-$(date +%Y%m%d%H%M%S)"
# Made anew: compose sees no change in a container whose volume alone is another one, and would begin it on its old one.
docker compose rm --stop --force postgres postgres-replica
docker compose up -d --wait --no-deps postgres
lives=$(volume_of "$(docker compose ps --quiet postgres)")
[ "$lives" = "$volume" ] || { say "postgres runs on $lives and not on $volume: stop it, and look at POSTGRES_VOLUME in .env"; exit 1; }
# A primary that waits for a replica which is not there yet would write nothing.
docker compose exec -T postgres bash -c 'PGPASSWORD=$(cat /run/secrets/postgres_admin_password) \
    psql -q -h 127.0.0.1 -U postgres -c "ALTER SYSTEM RESET synchronous_standby_names" -c "SELECT pg_reload_conf()"' > /dev/null
say "新副本开始复制 · a new replica begins to copy"
docker compose up -d postgres-replica
