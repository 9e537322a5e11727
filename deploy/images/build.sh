#!/usr/bin/env bash
# Builds the five images of our own from build/wheels. `--offline` first makes the images that they and the compose file stand
# on from Debian's packages, under the official names, so that no image registry is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${LONGXI_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}
revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
network=()

if [ "${1:-}" = --offline ]; then
    deploy/images/offline.sh
    # Debian's packages for the operator's image come by this machine's own ways.
    network=(--network host)
fi
deploy/images/wheels.sh
for image in intake casework employment notifications; do
    docker build --quiet --file deploy/Dockerfile --target service --build-arg "SERVICE=$image" \
        --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --tag "longxi/$image:$version" . >/dev/null
    echo "longxi/$image:$version"
done
docker build --quiet "${network[@]}" --file deploy/Dockerfile --target operator --build-arg SERVICE=operator --build-arg KIND=operator \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --tag "longxi/operator:$version" . >/dev/null
echo "longxi/operator:$version"
