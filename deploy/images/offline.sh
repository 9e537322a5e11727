#!/usr/bin/env bash
# Makes the images that the compose file names from Debian's packages, under the same names, where no image registry can be
# reached: Debian 13 by mmdebstrap, then on it Python 3.13, PostgreSQL 17, Redis 8, Caddy 2, Prometheus, and Apache Kafka from
# its JARs with Debian's Java. An image that is there already is left alone; `--again` makes all anew.
#
# Needs root, mmdebstrap, a Docker engine, and Maven with Java for Kafka's JARs (unless build/kafka/libs has them).
set -euo pipefail
cd "$(dirname "$0")/../.."
again=${1:-}
suite=trixie
base=longxi-base/debian:$suite

has() { [ "$again" != --again ] && docker image inspect "$1" >/dev/null 2>&1; }

if ! has "$base"; then
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # Packages' manuals are left out, and what the time of the build would put in.
    mmdebstrap --quiet --variant=minbase --keyring="$keyring" --include=ca-certificates \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
        --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/log/*.log "$1"/var/log/apt' \
        "$suite" - "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" | docker import - "$base" >/dev/null
    echo "$base"
fi

build() {  # name, Dockerfile, context
    has "$1" && return
    docker build --quiet --network host --build-arg "BASE=$base" --tag "$1" --file "deploy/images/$2.Dockerfile" "$3" >/dev/null
    echo "$1"
}

build python:3.13-slim python deploy/images
build postgres:17 postgres deploy/images
build redis:8 redis deploy/images
build caddy:2 caddy deploy/images
if ! has apache/kafka:4.3.1; then
    .venv/bin/python -m shared.testing.kafka_jars
    build apache/kafka:4.3.1 kafka "${LONGXI_KAFKA_HOME:-build/kafka}"
fi
