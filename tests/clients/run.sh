#!/usr/bin/env bash
# Runs the clients that people use (Apollo Client, the codegen client preset, relay-compiler and others) against
# the built server, at the versions of package-lock.json.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in node npm; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install Node.js 20 or newer" >&2; exit 1; }
done
npm ci --prefix tests/clients --no-audit --no-fund --loglevel=error
QUARRY_TEST_CLIENTS=1 cargo test --quiet --locked --test it journeys::clients::clients_get_what_they_expect
