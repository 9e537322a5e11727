#!/usr/bin/env bash
# Builds the five images of our own from build/wheels. `--offline` first makes the images that they and the compose file stand
# on from Debian's packages, under the official names, so that no image registry is needed.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${LONGXI_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}
revision=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
network=()
running=()
trap 'jobs -p | xargs --no-run-if-empty kill 2>/dev/null || true' EXIT
all_done() {
    local one
    for one in "${running[@]}"; do wait "$one"; done
    running=()
}

deploy/images/wheels.sh & running+=($!)
if [ "${1:-}" = --offline ]; then
    deploy/images/offline.sh & running+=($!)
    # Debian's packages for the operator's image come by this machine's own ways.
    network=(--network host)
fi
all_done
build() {  # name, target, kind, options
    docker build --quiet --file deploy/Dockerfile --target "$2" --build-arg "SERVICE=$1" --build-arg "KIND=$3" \
        --build-arg "VERSION=$version" --build-arg "REVISION=$revision" --tag "longxi/$1:$version" "${@:4}" . >/dev/null
    echo "longxi/$1:$version"
}
for image in intake casework employment notifications; do
    build "$image" service service & running+=($!)
done
build operator operator operator "${network[@]}" & running+=($!)
all_done
