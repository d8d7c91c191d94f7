#!/usr/bin/env bash
# Runs the clients that people use against the built server, each at the versions of its lock file: those of
# Node.js (package-lock.json), gql of Python (gql/requirements.txt) and genqlient of Go (genqlient/go.sum).
# Where Python or Go is missing, its client is skipped.
set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in node npm; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install Node.js 20 or newer" >&2; exit 1; }
done
npm ci --prefix tests/clients --no-audit --no-fund --loglevel=error
languages=node

# Makes an environment for the lock file once, outside the repository, and puts its `python` on the PATH.
install_gql() {
    local lock=tests/clients/gql/requirements.txt cache=${XDG_CACHE_HOME:-$HOME/.cache}/quarry-clients environment
    mkdir -p "$cache"
    exec 8>"$cache/lock"
    flock 8
    environment=$cache/gql-$({ python3 -VV; cat "$lock"; } | sha256sum | cut -c 1-16)
    if [ ! -e "$environment/complete" ]; then
        rm -rf "$cache"/gql-*
        python3 -m venv "$environment"
        "$environment/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$lock"
        touch "$environment/complete"
    fi
    exec 8>&-
    PATH=$environment/bin:$PATH
}
if python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    install_gql
    languages+=" python"
else
    echo "skipped: the client gql, since there is no Python 3.11 or newer with venv"
fi
if command -v go >/dev/null; then
    languages+=" go"
else
    echo "skipped: the client genqlient, since there is no Go"
fi
QUARRY_TEST_CLIENTS=$languages cargo test --locked --test it journeys::clients::client_libraries_work |
    tee /dev/stderr | grep -q "test result: ok. 1 passed"
