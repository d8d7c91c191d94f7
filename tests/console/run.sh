#!/usr/bin/env bash
# Builds the console, compares it with the committed files, and runs its tests in Debian's Chromium against the
# built server. As root, installs Chromium where it is missing.
#
#   tests/console/run.sh [TEST…]   tests: files of console/test, all by default
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

# The server has the committed files, so they must be those of the sources.
before=$(git status --porcelain -- assets/console)
(cd console && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build)
if [ "$(git status --porcelain -- assets/console)" != "$before" ]; then
    git status --short -- assets/console >&2
    echo "assets/console is not current: commit the result of \`npm run build\` in console" >&2
    exit 1
fi

if [ -z "${QUARRY_BIN:-}" ]; then
    cargo build --quiet --locked --bin quarry
    QUARRY_BIN=$(cargo metadata --format-version 1 --no-deps --locked |
        node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).target_directory')/debug/quarry
fi
export QUARRY_BIN

cd console
(($#)) || set -- test/*.test.mjs
node --test --test-concurrency=1 "$@"
