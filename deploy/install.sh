#!/usr/bin/env bash
# Installs or upgrades Longxi from this folder, on a machine with a Docker engine and no network: checks the files, loads the
# images, makes the secrets that are missing, starts.
#
#   ./install.sh --domain longxi.example --trial
#
#   --domain NAME    by which portals and the district reach this machine; localhost where none is given
#   --trial          also makes an issuer of tokens and starts the mail catcher, to try the platform out
#   --no-start       everything but the start
#
# What is there already (.env, secrets/) stays as it is. Run it in a newer folder next to the old one's .env and secrets/ to
# upgrade.
set -euo pipefail
cd "$(dirname "$0")"
domain=localhost
trial=
start=yes
while [ $# -gt 0 ]; do
    case $1 in
        --domain) domain=${2:?--domain needs a name}; shift ;;
        --trial) trial=yes ;;
        --no-start) start= ;;
        *) echo "install.sh: unknown option $1" >&2; exit 2 ;;
    esac
    shift
done

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

docker version >/dev/null 2>&1 || fail "Docker 引擎没有应答 · no Docker engine answers"
docker compose version >/dev/null 2>&1 || fail "需要 docker compose 2 · docker compose 2 is needed"

if [ -f SHA256SUMS ]; then
    say "校验文件 · checking the files"
    sha256sum --check --quiet SHA256SUMS || fail "文件已损坏或被改动 · files are damaged or were changed"
    say "载入镜像 · loading the images"
    gunzip --stdout images.tar.gz | docker load --quiet >/dev/null
fi
version=$(cat VERSION 2>/dev/null || sed -n 's/^version = "\(.*\)"/\1/p' ../pyproject.toml)

docker image inspect "longxi/operator:$version" >/dev/null 2>&1 ||
    fail "没有镜像 · no image longxi/operator:$version here: make images, or make images-offline"

group=10001
[ "$(id -u)" = 0 ] || group=$(id -g)
if [ ! -f .env ]; then
    sed -e "s/^LONGXI_DOMAIN=.*/LONGXI_DOMAIN=$domain/" \
        -e "s/^#LONGXI_VERSION=.*/LONGXI_VERSION=$version/" \
        -e "s/^#SECRETS_GID=.*/SECRETS_GID=$group/" \
        -e "s/^#SECRETS_UID=.*/SECRETS_UID=$(id -u)/" .env.example > .env
    if [ -n "$trial" ]; then
        printf '%s\n' 'SMTP_HOST=mail' 'SMTP_PORT=8125' 'SMTP_SECURITY=none' >> .env
    fi
else
    # An upgrade: the version is ours, the rest is the operator's.
    grep -q '^LONGXI_VERSION=' .env && sed -i "s/^LONGXI_VERSION=.*/LONGXI_VERSION=$version/" .env \
        || printf 'LONGXI_VERSION=%s\n' "$version" >> .env
fi

mkdir -p secrets backups
chgrp "$group" backups && chmod 2770 backups
docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$PWD/secrets:/secrets" "longxi/operator:$version" \
    secrets init --folder /secrets --host "$domain" --group "$group" ${trial:+--trial}

[ -n "$start" ] || { say "就绪，未启动 · ready, not started"; exit 0; }
profiles=()
[ -n "$trial" ] && profiles=(--profile try)
docker compose "${profiles[@]}" up --detach --wait
port=$(sed -n 's/^GATEWAY_PORT=//p' .env)
say "已启动 · running: https://$domain:${port:-8443}/docs"
