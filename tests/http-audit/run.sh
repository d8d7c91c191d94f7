#!/usr/bin/env bash
# Audits a server of the tests, and async-graphql-axum with the same schema, by the GraphQL-over-HTTP
# specification. Prints both counts; fails unless quarry passes all.
set -euo pipefail
cd "$(dirname "$0")/../.."

npm ci --prefix tests/http-audit --no-audit --no-fund --loglevel=error
QUARRY_TEST_HTTP_AUDIT=1 cargo test --quiet --locked --test it graphql::audit -- --nocapture
