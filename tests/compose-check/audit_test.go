package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const safe = `
services:
  redis:
    image: redis:8.2.1
    command: [redis-server, --requirepass, "${REDIS_PASSWORD:?set it in .env}"]
    environment:
      CACHE_URL: redis://:${REDIS_PASSWORD:?set it in .env}@redis
    ports: ["127.0.0.1:${PORT:-6379}:6379"]
    restart: always
    read_only: true
    cap_drop: [ALL]
    security_opt: [no-new-privileges:true]
    deploy:
      resources:
        limits: { memory: 1g, pids: 9 }
`

func findings(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "compose.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	found, err := audit(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(found, "\n")
}

func TestSafeServicesPass(t *testing.T) {
	if found := findings(t, safe); found != "" {
		t.Error(found)
	}
}

func TestEachUnsafePropertyIsFound(t *testing.T) {
	for _, change := range []struct{ from, to, finding string }{
		{"memory: 1g, ", "", "its memory has no limit"},
		{", pids: 9", "", "its processes have no limit"},
		{"read_only: true", "read_only: false", "its root file system can be written to"},
		{"cap_drop: [ALL]", "cap_drop: [CHOWN]", "it keeps capabilities"},
		{"cap_drop: [ALL]", "cap_drop: [ALL]\n    cap_add: [CHOWN]", "it keeps capabilities"},
		{"no-new-privileges:true", "label:disable", "it may gain privileges"},
		{"read_only: true", "read_only: true\n    privileged: true", "it is privileged"},
		{"read_only: true", "read_only: true\n    pid: host", "it shares a namespace of the host"},
		{"read_only: true", "read_only: true\n    volumes: [/var/run/docker.sock:/s]", "it controls the engine"},
		{"restart: always", "", "it is not restarted"},
		{"redis:8.2.1", "redis:latest", "its image is not pinned"},
		{"127.0.0.1:$", "$", "port 6379 is published to other machines"},
		{`"${REDIS_PASSWORD:?set it in .env}"`, "hunter2", "--requirepass has a literal value"},
		{`, --requirepass, "${REDIS_PASSWORD:?set it in .env}"`, "", "it has no password"},
		{"redis://:${REDIS_PASSWORD:?set it in .env}@", "redis://:hunter2@", "CACHE_URL contains a literal password"},
		{"environment:", "environment:\n      ADMIN_TOKEN: hunter2", "ADMIN_TOKEN has a literal value"},
		{"environment:", "environment:\n      QUARRY_INSECURE_LISTEN: true", "it answers under any name"},
		{"PASSWORD:?set it in .env", "PASSWORD:-hunter2", "${REDIS_PASSWORD} has a default"},
		{"PASSWORD:?set it in .env", "PASSWORD", "services start without a value of ${REDIS_PASSWORD}"},
		{"PASSWORD:?set it in .env", "PASSWORD?set it in .env", "services start without a value of ${REDIS_PASSWORD}"},
		{"?set it in .env", "?missing", "without ${REDIS_PASSWORD} the message is unclear"},
	} {
		changed := strings.ReplaceAll(safe, change.from, change.to)
		if found := findings(t, changed); changed == safe || !strings.Contains(found, change.finding) {
			t.Errorf("%q for %q: found %q, not %q", change.to, change.from, found, change.finding)
		}
	}
}
