#!/bin/sh
# Pins every dependency by hash for all platforms; records no index address.
set -eu
cd "$(dirname "$0")/../.."
build=$(mktemp)
printf 'hatchling\neditables\n' > "$build"
pin() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate --no-strip-extras --no-header "$@"
}
pin pyproject.toml "$build" -o .ci/lock/run.txt
pin pyproject.toml "$build" --extra dev -c .ci/lock/run.txt -o .ci/lock/dev.txt
pin pyproject.toml "$build" --extra dev --extra browser -c .ci/lock/dev.txt -o .ci/lock/browser.txt
rm -f "$build"
