#!/usr/bin/env bash
# Puts into build/wheels what the images are made of: for each image the list of its locked packages with their hashes, and the
# wheels for Python 3.13 on this machine's kind of processor; and into build/wheel our own. Needs the package index, or nothing where all
# of it is there already.
set -euo pipefail
cd "$(dirname "$0")/../.."
uv=$PWD/.venv/bin/uv
out=build/wheels
python=3.13
machine=$(uname -m)
[ "$machine" = arm64 ] && machine=aarch64

stamp=$(cat uv.lock deploy/images/wheels.sh | sha256sum | cut -d' ' -f1)
if [ "$(cat "$out/stamp" 2>/dev/null)" != "$stamp-$machine" ]; then
    new=$out.new
    rm -rf "$new"
    mkdir -p "$new"
    locked() {  # file, extras: the packages of some extras, as `uv.lock` has them
        local file=$1 extras=()
        shift
        for extra in "$@"; do extras+=(--extra "$extra"); done
        "$uv" export --quiet --frozen --no-dev --no-emit-project ${extras[@]+"${extras[@]}"} --output-file "$new/locked" >/dev/null
        # The same pins, with the conditions on Python's version and the platform decided.
        "$uv" pip compile --quiet --no-deps --generate-hashes --no-annotate --no-header \
            --python-version "$python" --python-platform "$machine-manylinux_2_28" "$new/locked" \
            --output-file "$new/$file.txt" >/dev/null
    }
    for service in intake casework employment notifications; do locked "$service" "$service"; done
    locked operator operator command
    locked core
    locked all intake casework employment notifications operator command
    rm "$new/locked"
    platforms=()
    for libc in 2_34 2_31 2_28 2_27 2_26 2_24 2_17 2_12 2_5; do platforms+=(--platform "manylinux_${libc}_$machine"); done
    for old in 2014 2010 1; do platforms+=(--platform "manylinux${old}_$machine"); done
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --only-binary=:all: --implementation cp --python-version "$python" --abi cp313 --abi abi3 --abi none \
        "${platforms[@]}" --dest "$new" --requirement "$new/all.txt"
    rm "$new/all.txt"
    echo "$stamp-$machine" > "$new/stamp"
    rm -rf "$out"
    mv "$new" "$out"
fi
# Our own apart from them: it changes with each commit, and the layer of the others does not.
rm -rf build/wheel
# Times within the wheel are those of the last commit, so that the same commit gives the same wheel.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)
export SOURCE_DATE_EPOCH
"$uv" build --quiet --wheel --out-dir build/wheel .
rm -f build/wheel/.gitignore
echo "$(find "$out" -name '*.whl' | wc -l) wheels in $out"
