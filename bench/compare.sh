#!/usr/bin/env bash
# Measures our gateway and the real openclaw@2026.1.30 in the same run, alternating, and appends a table to bench/RESULTS.md.
#   bench/compare.sh [--only ours|real] [--rounds 5] [--settle 8] [--turns 100] [--sessions 1,10] [--clients 300] [--dry]
# OPENCLAW_BINARY names our binary (build/release/openclaw). The real program and its Node come from npm once and are kept in
# ${XDG_CACHE_HOME:-~/.cache}/openclaw-tests/HASH-OF-THE-LOCKFILE (1.4 GB).
set -euo pipefail
cd "$(dirname "$0")/.."

real=$(node tests/peers/install.mjs bench/real)

mkdir -p build/bench
"${CC:-cc}" -std=gnu11 -O2 -Wall -Wextra -o build/bench/startup bench/startup.c

exec node bench/lib/compare.mjs --real "$real" --harness build/bench/startup --command "bench/compare.sh $*" "$@"
