#!/usr/bin/env bash
# Checks a container of an image in buildah's storage, as docker/compose.yaml runs it: `container.sh IMAGE`.
# tests/docker/build.sh calls it. It prints a line for each check.
set -euo pipefail

image=$1
# Networks and mounts of its own: the image's own address is free, and only this script reaches it.
[ "${2:-}" = isolated ] || exec unshare --net --mount "$0" "$image" isolated
ip link set lo up

# As long as docker/compose.yaml allows at most for a start and for a stop.
start_seconds=60
stop_seconds=40
url=http://127.0.0.1:8000
launcher=
capabilities=(--cap-drop all)
work=$(mktemp -d)
failed=0

say() { printf 'image: %s\n' "$*"; }

# Runs a check: `check NAME COMMAND…`. Those after it run even where it fails.
check() {
  local name=$1
  shift
  if "$@" >"$work/check.log" 2>&1; then
    say "ok: $name"
  else
    failed=1
    say "FAILED: $name"
    cat "$work/check.log"
    [ ! -s "$work/server.log" ] || tail -n 20 "$work/server.log"
  fi
}

# Succeeds as soon as a command does: `await SECONDS COMMAND…`.
await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

# Lines of the image's configuration: `configured '{{.User}}'`.
configured() { buildah inspect --type image --format "{{with .Docker.Config}}$1{{end}}" "$image"; }

# Runs a command in the container: `in_container [OPTION…] -- COMMAND…`. Only /tmp and the image's volume
# can be written to. Its status alone is reliable: buildah may lose what a command that ends at once wrote.
in_container() {
  (
    options=()
    while [ "$1" != -- ]; do
      options+=("$1")
      shift
    done
    # On /run, buildah leaves a file for as long as the command runs.
    exec unshare --mount bash -euc 'root=$1
      shift
      mount --bind "$root" "$root"
      mount -o remount,ro,bind "$root"
      mount -t tmpfs -o mode=0755 tmpfs "$root/run"
      exec buildah run "$@"' - "$root" "${capabilities[@]}" --mount type=tmpfs,destination=/tmp \
      --env QUARRY_INSECURE_LISTEN=true "${options[@]}" "$container" "$@"
  )
}

health() { in_container -- "${health_command[@]}"; }

# That the command works shows where it succeeds, once there is a server.
refuses_health() { ! health; }

# The process of the server: the launcher's descendant of that name.
server() {
  local pid=$launcher
  while pid=$(pgrep --parent "$pid"); do
    [ "$(cat "/proc/$pid/comm")" != quarry ] || { echo "$pid"; return; }
  done
  return 1
}

# Starts a server in the container, with the arguments of `in_container`.
start() {
  in_container "$@" >"$work/server.log" 2>&1 &
  launcher=$!
}

# Ends the server as `docker stop` does; its exit code has to be 0.
stop() {
  local pid status=0
  pid=$(server) || return
  kill -s "$stop_signal" "$pid"
  await "$stop_seconds" eval "! kill -0 $pid" || kill -s KILL "$pid"
  wait "$launcher" || status=$?
  launcher=
  echo "exit code $status"
  return "$status"
}

close() {
  local pid
  if [ -n "$launcher" ]; then
    # Without a server, the launcher is still to start it.
    pid=$(server) || pid=$launcher
    kill -s KILL "$pid" 2>/dev/null || true
    wait
  fi
  buildah rm --all >/dev/null
  rm -rf "$work"
}

runs_as_user() {
  local pid
  pid=$(server) || return
  grep -E '^(Uid|Gid)' "/proc/$pid/status"
  [ "$(stat --format %u:%g "/proc/$pid")" = "${user%%:*}:${user##*:}" ]
}

has_no_capabilities() { grep -E '^CapEff:\s0+$' "/proc/$(server)/status"; }

# Root meets the same file system as the server, and no permission stops it.
root_is_read_only() {
  in_container --user 0:0 -- bash -c \
    'touch /probe /etc/quarry/probe /usr/local/bin/probe 2>&1 | grep -c "Read-only file system" | grep -x 3'
}

finds_hits() {
  local answer
  answer=$(curl --silent --show-error --fail "$url/graphql" --header 'Content-Type: application/json' \
    --data '{"query": "{ search(query: \"london restaurant\", first: 1) { totalCount edges { node { id } } } }"}')
  echo "$answer"
  grep -qE '"totalCount":[1-9]' <<<"$answer" && grep -q '"id":' <<<"$answer"
}

is_process_1() { grep -E '^NSpid:.*\s1$' "/proc/$(server)/status"; }

trap close EXIT
container=$(buildah from --pull=never "$image")
root=$(buildah mount "$container")
user=$(configured '{{.User}}')
stop_signal=$(configured '{{.StopSignal}}')
mapfile -t entrypoint < <(configured '{{range .Entrypoint}}{{println .}}{{end}}')
mapfile -t command < <(configured '{{range .Cmd}}{{println .}}{{end}}')
# After the word CMD.
mapfile -t health_command < <(configured '{{range slice .Healthcheck.Test 1}}{{println .}}{{end}}')
say "the binary has $(du --apparent-size --block-size=MB "$root/usr/local/bin/quarry" | cut -f 1)"

check "its user is a number other than 0" grep -E '^[1-9][0-9]*(:[1-9][0-9]*)?$' <<<"$user"
check "its root file system is read-only" root_is_read_only
check "it trusts certificates" in_container -- grep -q 'BEGIN CERTIFICATE' /etc/ssl/certs/ca-certificates.crt
check "the health check fails without a server" refuses_health

start -- "${entrypoint[@]}" "${command[@]}"
check "the health check of '${command[*]}' succeeds" await "$start_seconds" health
check "the server runs as that user" runs_as_user
check "the server has no capabilities" has_no_capabilities
check "$stop_signal ends it with exit code 0" stop

start -- "${entrypoint[@]}" demo --data-dir /data
check "the demo becomes ready" await "$start_seconds" health
check "a search over HTTP has hits" finds_hits
check "$stop_signal ends the demo with exit code 0" stop

# An engine makes the server process 1, which a signal without a handler does not end. buildah does not:
# root does so in the container, and leaves its capabilities with its user.
capabilities=(--cap-add CAP_SYS_ADMIN)
start --user 0:0 -- \
  unshare --pid --fork setpriv --reuid "${user%%:*}" --regid "${user##*:}" --clear-groups \
  "${entrypoint[@]}" "${command[@]}"
check "the health check succeeds for process 1" await "$start_seconds" health
check "the server is process 1" is_process_1
check "process 1 runs as that user" runs_as_user
check "$stop_signal ends process 1 with exit code 0" stop

exit "$failed"
