#!/usr/bin/env bash
# Installs or upgrades Longxi from this folder, on a machine with a Docker engine and no network: checks the files, loads the
# images, makes the secrets that are missing, starts.
#
#   ./install.sh --domain longxi.example --trial
#
#   --domain NAME    by which portals and the district reach this machine; what .env says, else localhost
#   --trial          also makes an issuer of tokens and starts the mail catcher, to try the platform out
#   --no-start       everything but the start
#
# What is there already (.env, secrets/) stays as it is. Run it in a newer folder next to the old one's .env and secrets/ to
# upgrade.
set -euo pipefail
cd "$(dirname "$0")"
domain=
trial=
start=yes
while [ $# -gt 0 ]; do
    case $1 in
        --domain) domain=${2:?--domain needs a name}; shift ;;
        --trial) trial=yes ;;
        --no-start) start= ;;
        --help) sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        *) echo "install.sh: unknown option $1; --help says which there are" >&2; exit 2 ;;
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

# What runs here already was made for a name, and for trying out or for real: a change of either is not made in silence.
set_to() { sed -n "s/^$1=//p" .env 2>/dev/null | tail -1 || true; }
present=$(set_to LONGXI_DOMAIN)
[ -z "$domain" ] || [ -z "$present" ] || [ "$domain" = "$present" ] ||
    fail "已按域名 $present 安装 · installed for $present: to change it, set LONGXI_DOMAIN in .env and run
    docker compose run --rm keys secrets renew-certificates --host $domain, then docker compose up -d --wait"
domain=${domain:-${present:-localhost}}
if [ -n "$trial" ] && [ -f secrets/keys/issuers.json ] && [ ! -f secrets/keys/trial-issuer/signing-key.json ]; then
    fail "这里是正式安装 · this is no trial: try it in another folder, with COMPOSE_PROJECT_NAME and ports of its own"
fi
if [ -z "$trial" ] && [ -f secrets/keys/trial-issuer/signing-key.json ]; then
    say "注意：这里是试用安装 · mind: this is a trial. Its own issuer signs tokens, and mail goes to the mail catcher where .env"
    say "says SMTP_HOST=mail. For real: docker compose --profile '*' down --volumes, delete .env and secrets/, and install again."
fi

# A port that somebody else has would leave everything half started. What is ours holds its own.
if [ -n "$start" ] && [ -z "$(docker compose ps --quiet 2>/dev/null)" ]; then
    for pair in GATEWAY_PORT:8443 KAFKA_PORT:9094 ${trial:+MAIL_PORT:8127}; do
        name=${pair%%:*}
        eval "port=\${$name:-}"
        [ -n "$port" ] || port=$(set_to "$name")
        port=${port:-${pair#*:}}
        if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            fail "端口 $port 已被占用 · port $port is taken: set $name in .env (or before this command) to another one"
        fi
    done
fi

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
    [ "$(set_to LONGXI_VERSION)" = "$version" ] || say "版本 · version: $(set_to LONGXI_VERSION) → $version"
    grep -q '^LONGXI_VERSION=' .env && sed -i "s/^LONGXI_VERSION=.*/LONGXI_VERSION=$version/" .env \
        || printf 'LONGXI_VERSION=%s\n' "$version" >> .env
fi

mkdir -p secrets backups
chgrp "$group" backups && chmod 2770 backups
docker run --rm --network none --user "$(id -u):$(id -g)" --volume "$PWD/secrets:/secrets" "longxi/operator:$version" \
    secrets init --folder /secrets --host "$domain" --group "$group" ${trial:+--trial}

backup_keys() { say "请另行备份 secrets/keys/ · back up secrets/keys/ apart: without it nobody can read what is sealed"; }
[ -n "$start" ] || { backup_keys; say "就绪，未启动 · ready, not started"; exit 0; }
profiles=()
[ -n "$trial" ] && profiles=(--profile try)
# Some 170 lines that nobody reads are left out; where it fails, once more with them.
docker compose --progress quiet "${profiles[@]}" up --detach --wait || docker compose "${profiles[@]}" up --detach --wait
port=${GATEWAY_PORT:-$(set_to GATEWAY_PORT)}
backup_keys
say "已启动 · running: https://$domain:${port:-8443}/docs"
