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
pin pyproject.toml "$build" --extra s3 -c .ci/lock/run.txt -o .ci/lock/s3.txt
pin pyproject.toml "$build" --extra splink -c .ci/lock/run.txt -o .ci/lock/splink.txt
pin pyproject.toml "$build" --extra dev --extra s3 --extra splink -c .ci/lock/run.txt -o .ci/lock/dev.txt
pin pyproject.toml "$build" --extra dev --extra browser -c .ci/lock/dev.txt -o .ci/lock/browser.txt
# Spark goes into a folder of its own, and holds only what dev does not: pandera imports pandas and
# pyspark wherever it finds them, in every run.
all=$(mktemp)
pin pyproject.toml "$build" --extra dev --extra spark -c .ci/lock/dev.txt -o "$all"
awk 'NR == FNR {dev[$1]; next} /^[^ ]/ {new = !($1 in dev)} new' .ci/lock/dev.txt "$all" > .ci/lock/spark.txt
rm -f "$all"
pin --no-deps --group bench -c .ci/lock/run.txt -o .ci/lock/bench.txt
rm -f "$build"
