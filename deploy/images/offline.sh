#!/usr/bin/env bash
# Makes the images that the compose file names from Debian's packages, under the same names, where no image registry can be
# reached: Debian 13 by mmdebstrap, then on it Python 3.13, PostgreSQL 17, Redis 8, Caddy 2, and Apache Kafka from its JARs with
# Debian's Java. An image that is there already is left alone, unless it was made here by another recipe; `--again` makes all anew.
#
# Needs root, mmdebstrap, a Docker engine, and Maven with Java for Kafka's JARs (unless build/kafka/libs has them).
set -euo pipefail
cd "$(dirname "$0")/../.."
again=${1:-}
suite=trixie
base=longxi-base/debian:$suite
label=longxi.recipe
trap 'jobs -p | xargs --no-run-if-empty kill 2>/dev/null || true' EXIT

recipe() { cat deploy/images/offline.sh "$@" | sha256sum | cut -c1-16; }
has() {  # name, recipe
    local made
    [ "$again" != --again ] || return 1
    made=$(docker image inspect --format "{{with .Config.Labels}}{{index . \"$label\"}}{{end}}" "$1" 2>/dev/null) || return 1
    [ "$made" = "$2" ] || [ -z "${made#<no value>}" ]  # without a recipe: it came from elsewhere
}

now=$(recipe)
if ! has "$base" "$now"; then
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # Packages' manuals are left out, and what the time of the build would put in. dpkg need not wait for the disk: an image
    # that is not finished is not there.
    mmdebstrap --quiet --variant=minbase --keyring="$keyring" --include=ca-certificates \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --dpkgopt=force-unsafe-io --aptopt='Acquire::Languages "none"' \
        --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/log/*.log "$1"/var/log/apt' \
        "$suite" - "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" |
        docker import --change "LABEL $label=$now" - "$base" >/dev/null
    echo "$base"
fi

build() {  # name, Dockerfile, context
    local file=deploy/images/$2.Dockerfile now
    now=$(recipe "$file")
    has "$1" "$now" && return
    docker build --quiet --network host --build-arg "BASE=$base" --label "$label=$now" --tag "$1" --file "$file" "$3" >/dev/null
    echo "$1"
}
kafka() {
    has apache/kafka:4.3.1 "$(recipe deploy/images/kafka.Dockerfile)" && return
    .venv/bin/python -m shared.testing.kafka_jars
    build apache/kafka:4.3.1 kafka "${LONGXI_KAFKA_HOME:-build/kafka}"
}

# Beside each other: each waits now for the mirror, now for the processor.
running=()
for one in "build python:3.13-slim python deploy/images" "build postgres:17 postgres deploy/images" \
    "build redis:8 redis deploy/images" "build caddy:2 caddy deploy/images" kafka; do
    $one & running+=($!)
done
for one in "${running[@]}"; do wait "$one"; done
