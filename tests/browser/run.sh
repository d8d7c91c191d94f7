#!/usr/bin/env bash
# Builds the browser client, checks its types and those of its examples, and runs its tests in Debian's Chromium
# against the built server. As root, installs Chromium and Redis where they are missing.
#
#   tests/browser/run.sh [TEST…]   tests: files of clients/browser/test, all by default
#   QUARRY_BIN                     a program to test, in place of building one
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in node npm; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install Node.js 20 or newer" >&2; exit 1; }
done
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$CHROMIUM" ]; then
    [ "$(id -u)" -eq 0 ] || { echo "missing: chromium; install this Debian package" >&2; exit 1; }
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; } >&2
fi
# It installs Redis without starting Debian's own server.
command -v redis-server >/dev/null || { tests/services.sh start && tests/services.sh stop; }

if [ -z "${QUARRY_BIN:-}" ]; then
    cargo build --quiet --locked --bin quarry
    QUARRY_BIN=$(cargo metadata --format-version 1 --no-deps --locked |
        node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).target_directory')/debug/quarry
fi
export QUARRY_BIN

cd clients/browser
npm ci --no-audit --no-fund --loglevel=error
npm run --silent check
npm run --silent build
(($#)) || set -- test/*.test.mjs
node --test "$@"
