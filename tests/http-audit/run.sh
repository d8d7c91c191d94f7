#!/usr/bin/env bash
# Runs the audits of the GraphQL-over-HTTP specification against a server of the tests.
set -euo pipefail
cd "$(dirname "$0")/../.."

npm ci --prefix tests/http-audit --no-audit --no-fund --loglevel=error
QUARRY_TEST_HTTP_AUDIT=1 cargo test --quiet --locked --test it graphql::audit
