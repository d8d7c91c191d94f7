#!/usr/bin/env bash
# Takes the pictures of the README and the documentation: the console's pages and GraphiQL on a fresh demo,
# in Debian's Chromium.
#
#   docs/images/screenshot.sh [URL]    URL: a running demo, http://127.0.0.1:8000 by default
set -euo pipefail
cd "$(dirname "$0")/screenshot"
npm ci --silent
exec node take.mjs "${1:-http://127.0.0.1:8000}" ..
