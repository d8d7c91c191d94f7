# Sourced by the scripts of tests in Debian's Chromium, in the root of the repository: checks the tools, and as root
# installs Chromium where it is missing. `build_quarry` names the program to test in QUARRY_BIN, which it builds
# unless that is set.
# shellcheck shell=bash

for tool in node npm; do
    command -v "$tool" >/dev/null || { echo "$tool is missing: install Node.js 20 or newer" >&2; exit 1; }
done
export CHROMIUM=${CHROMIUM:-/usr/bin/chromium}
if [ ! -x "$CHROMIUM" ]; then
    [ "$(id -u)" -eq 0 ] || { echo "missing: chromium; install this Debian package" >&2; exit 1; }
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium; } >&2
fi

build_quarry() {
    if [ -z "${QUARRY_BIN:-}" ]; then
        cargo build --quiet --locked --bin quarry
        QUARRY_BIN=$(cargo metadata --format-version 1 --no-deps --locked |
            node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).target_directory')/debug/quarry
    fi
    export QUARRY_BIN
}
