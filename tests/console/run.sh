#!/usr/bin/env bash
# Builds the console, compares it with the committed files, and runs its tests in Debian's Chromium against the
# built server. As root, installs Chromium where it is missing.
#
#   tests/console/run.sh [TEST…]   tests: files of console/test, all by default
#   QUARRY_BIN                     a program to test, in place of building one
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/browser/prepare.sh

# The server has the committed files, so they must be those of the sources.
before=$(git status --porcelain -- assets/console)
(cd console && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build)
if [ "$(git status --porcelain -- assets/console)" != "$before" ]; then
    git status --short -- assets/console >&2
    echo "assets/console is not current: commit the result of \`npm run build\` in console" >&2
    exit 1
fi

build_quarry

cd console
(($#)) || set -- test/*.test.mjs
node --test --test-concurrency=1 "$@"
