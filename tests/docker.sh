#!/usr/bin/env bash
# Checks what is in docker/ as far as this machine can, without a container engine, and says what it could
# not. The proxy in front of two servers is one of the tests: tests/it/operating/proxy.rs.
#
#   tests/docker.sh                     takes seconds
#   tests/docker.sh --build [OPTION…]   also builds the image and checks a container (tests/docker/build.sh,
#                                       which passes the options on to `buildah build`)
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
    "" | --build) ;;
    *) echo "usage: $0 [--build [OPTION…]]" >&2; exit 2 ;;
esac

failed=0
fail() { echo "docker: $*" >&2; failed=1; }
unchecked() { echo "docker: not checked: $*"; }

# Compose files: by the command itself, or by the library that it reads them with.
compose=()
audit=()
tool="${XDG_CACHE_HOME:-$HOME/.cache}/quarry-compose-check"
if ! command -v go >/dev/null; then
    unchecked "whether the services are confined, since there is no Go"
elif ! (cd tests/compose-check && go build -o "$tool" .); then
    unchecked "whether the services are confined, since the reader of compose files could not be built"
else
    audit=("$tool" --audit)
    compose=(compose_library)
    (cd tests/compose-check && go test . >/dev/null) || fail "the audit of compose files overlooks something: run go test in tests/compose-check"
fi
if docker compose version >/dev/null 2>&1; then
    compose=(compose_command)
elif [ ${#compose[@]} -eq 0 ]; then
    unchecked "the compose files, since there is neither docker compose nor Go"
fi
compose_command() {
    local env=()
    [ -z "$2" ] || env=(--env-file "$2")
    docker compose -f "$1" "${env[@]}" config --services
}
compose_library() {
    local env=()
    [ -z "$2" ] || env=(--env-file "$2")
    "$tool" "${env[@]}" "$1"
}
# A file, the variables for it, and the services that it must start.
check_compose() {
    [ ${#compose[@]} -gt 0 ] || return 0
    local file=$1 variables=$2 services found
    shift 2
    services=$(printf '%s\n' "$@" | sort)
    if ! found=$("${compose[@]}" "$file" "$variables"); then
        fail "$file is refused with ${variables:-no variables}"
    elif [ "$(sort <<<"$found")" != "$services" ]; then
        fail "$file with ${variables:-no variables} starts: ${found//$'\n'/ }"
    fi
}
# Variables as the comment of docker/compose.yaml has them made, in a file of this run's own.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
with_passwords() {
    { cat "docker/$1.env" && printf '%s_PASSWORD=secret\n' DATABASE REDIS; } >"$work/$1.env"
    echo "$work/$1.env"
}
check_compose docker/single.yaml /dev/null quarry
check_compose docker/compose.yaml "$(with_passwords postgres)" postgres proxy redis server-1 server-2
check_compose docker/compose.yaml "$(with_passwords mariadb)" mariadb proxy redis server-1 server-2
check_compose docker/compose.yaml "$(with_passwords opensearch)" opensearch postgres proxy redis server-1 server-2
# Limits, confinement and passwords of each service, whatever its file and profile.
for file in docker/*.yaml; do
    [ ${#audit[@]} -eq 0 ] || "${audit[@]}" "$file" || fail "$file has services that are not confined"
done

# The proxy's settings, by the proxy, which Debian keeps where only root looks. A warning counts, too.
PATH=$PATH:/usr/sbin
if command -v haproxy >/dev/null; then
    for front in "" "10.0.0.0/8 192.0.2.1"; do
        SERVER_1=127.0.0.1:8000 SERVER_2=127.0.0.1:8001 FRONT_PROXIES=$front \
            haproxy -c -dW -f docker/haproxy.cfg >/dev/null || fail "docker/haproxy.cfg is refused"
    done
    # Names that nobody knows yet are no reason not to start.
    SERVER_1=server-1.invalid:8000 SERVER_2=server-2.invalid:8000 haproxy -c -q -f docker/haproxy.cfg ||
        fail "docker/haproxy.cfg is refused where the servers' names are unknown"
else
    unchecked "docker/haproxy.cfg, since there is no haproxy"
fi

bash -n docker/health.sh || fail "docker/health.sh is no shell script"

if [ "${1:-}" = --build ]; then
    tests/docker/build.sh "${@:2}" || fail "docker/Dockerfile does not pass"
else
    unchecked "docker/Dockerfile, which takes minutes: run tests/docker.sh --build"
fi
exit "$failed"
