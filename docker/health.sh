#!/bin/bash
# Whether the server in this container may be sent traffic: asks /readyz, with nothing but the shell,
# because the image has no HTTP client.
set -u

port=${QUARRY_LISTEN##*:}
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: localhost:%s\r\nConnection: close\r\n\r\n' "$port" >&3
read -r -t 2 _ status _ <&3
[ "${status:-}" = 200 ]
