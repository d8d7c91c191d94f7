#!/usr/bin/env bash
# Runs every test: starts PostgreSQL, MariaDB and Redis (installing them where that is possible),
# tests on them, and stops what it started. Arguments go to `cargo test`.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust 1.94 or newer" >&2
    exit 1
fi
tests/services.sh start
trap 'tests/services.sh stop' EXIT
eval "$(tests/services.sh env)"
cargo test --workspace --locked "$@"
