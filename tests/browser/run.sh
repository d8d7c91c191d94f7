#!/usr/bin/env bash
# Builds the browser client, checks its types and those of its examples, and runs its tests in Debian's Chromium
# against the built server. As root, installs Chromium and Redis where they are missing.
#
#   tests/browser/run.sh [TEST…]   tests: files of clients/browser/test, all by default
#   QUARRY_BIN                     a program to test, in place of building one
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/browser/prepare.sh
# It installs Redis without starting Debian's own server.
command -v redis-server >/dev/null || { tests/services.sh start && tests/services.sh stop; }

build_quarry

cd clients/browser
npm ci --no-audit --no-fund --loglevel=error
npm run --silent check
npm run --silent build
(($#)) || set -- test/*.test.mjs
node --test "$@"
