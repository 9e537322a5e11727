#!/usr/bin/env bash
# Puts into build/longxi-VERSION.tar all that a machine with no network at all needs: every image, the compose files, and
# install.sh. With checksums. The images have to be there (`make images` or `make images-offline`).
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${LONGXI_VERSION:-$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)}
name=longxi-$version
out=build/$name
rm -rf "$out" "$out.tar"
mkdir -p "$out"

images=()
for image in $(LONGXI_VERSION=$version docker compose --file deploy/docker-compose.yml --profile '*' config --images | sort -u); do
    if docker image inspect "$image" >/dev/null 2>&1; then images+=("$image")
    else echo "not here, so not in the bundle: $image"
    fi
done
docker save "${images[@]}" | gzip --rsyncable -6 > "$out/images.tar.gz" 2>/dev/null \
    || docker save "${images[@]}" | gzip -6 > "$out/images.tar.gz"
printf '%s\n' "${images[@]}" > "$out/images.txt"

cp deploy/docker-compose.yml deploy/compose.cluster.yml deploy/.env.example deploy/tenants.toml deploy/sms-templates.toml \
    deploy/install.sh deploy/longxi "$out/"
for folder in postgres redis kafka gateway observe cluster; do [ -d "deploy/$folder" ] && cp -r "deploy/$folder" "$out/"; done
cp docs/operations.md docs/variables.md docs/communities.md docs/backup.md docs/recovery.md docs/watching.md "$out/" 2>/dev/null || true
echo "$version" > "$out/VERSION"
# What an operator changes is not among them: the next bundle's takes the old one's place beside an old tenants.toml.
(cd "$out" && find . -type f ! -name SHA256SUMS ! -path ./tenants.toml ! -path ./sms-templates.toml ! -path ./kafka/topics.toml -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS)
tar --create --file "$out.tar" --directory build --owner=0 --group=0 --sort=name "$name"
(cd build && sha256sum "$name.tar" > "$name.tar.sha256")
echo "$out.tar  $(du -h "$out.tar" | cut -f1)  ${#images[@]} images"
