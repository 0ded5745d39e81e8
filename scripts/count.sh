# Sourced by ./test: runs parts with whatever runner they have and adds up what passed, failed and was skipped.
# shellcheck shell=bash
passed=0 failed=0 skipped=0

announce() { printf '\n== %s\n' "$1"; }

count_command() {
  announce "$1"
  shift
  if "$@"; then passed=$((passed + 1)); else
    echo "FAILED: $*"
    failed=$((failed + 1))
  fi
}

count_gtest() {
  local name=$1 log
  shift
  announce "$name"
  log=$(mktemp)
  "$@" --gtest_brief=1 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} ok bad skip
  ok=$(grep -oP '\[  PASSED  \] \K[0-9]+' "$log" | tail -1)
  bad=$(grep -oP '\[  FAILED  \] \K[0-9]+(?= tests?, listed)' "$log" | tail -1)
  skip=$(grep -oP '\[  SKIPPED \] \K[0-9]+(?= tests?, listed)' "$log" | tail -1)
  passed=$((passed + ${ok:-0})) failed=$((failed + ${bad:-0})) skipped=$((skipped + ${skip:-0}))
  # A crash, a leak or a sanitizer's finding ends the program without a line that says so.
  [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ] && { echo "FAILED: $name ended with status $status"; failed=$((failed + 1)); }
  rm -f "$log"
}

# A folder of node:test files, as the plain user when the third word says so; its packages come from its lockfile, once.
count_node() {
  local name=$1 folder=$2 log
  announce "$name"
  local runner=()
  [ "$(id -u)" -eq 0 ] && [ "${3:-}" = plain ] && runner=(scripts/as_plain_user)
  if [ -f "$folder/package-lock.json" ]; then "${runner[@]}" node tests/peers/install.mjs "$folder" >/dev/null || {
    echo "SKIPPED: the packages of $folder cannot be installed"
    skipped=$((skipped + 1))
    return
  }; fi
  log=$(mktemp)
  "${runner[@]}" node --test --test-concurrency=1 --test-reporter=spec "$folder"/*.test.mjs 2>&1 | tee "$log"
  local status=${PIPESTATUS[0]} ok bad skip
  ok=$(grep -oP '^ℹ pass \K[0-9]+' "$log" | tail -1)
  bad=$(grep -oP '^ℹ fail \K[0-9]+' "$log" | tail -1)
  skip=$(grep -oP '^ℹ skipped \K[0-9]+' "$log" | tail -1)
  chmod a+r "$log"
  if [ "${bad:-0}" -gt 0 ] && "${runner[@]}" node scripts/second_try.mjs "$log"; then ok=$((ok + bad)) bad=0 status=0; fi
  passed=$((passed + ${ok:-0})) failed=$((failed + ${bad:-0})) skipped=$((skipped + ${skip:-0}))
  [ "$status" -ne 0 ] && [ "${bad:-0}" -eq 0 ] && { echo "FAILED: $name ended with status $status"; failed=$((failed + 1)); }
  rm -f "$log"
}

close_count() {
  [ "${CI:-}" = true ] && [ "$skipped" -gt 0 ] && { echo "With CI=true nothing may be skipped."; failed=$((failed + skipped)); }
  printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
