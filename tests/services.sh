#!/usr/bin/env bash
# The services that the tests need: PostgreSQL, MariaDB, Redis and Redis Cluster from Debian's packages, each
# on a port of its own, on the loopback only, with throw-away data that nothing syncs to disk.
# And libfaketime, for a server whose clock is wrong, and HAProxy, which tests put in front of servers.
# And a node each of OpenSearch and Elasticsearch from Maven, if there are a JDK and Maven; without them, their
# tests are skipped.
#
#   tests/services.sh start   installs what is missing (as root), starts what does not run
#   tests/services.sh env     prints the variables that the tests read, to be eval'ed
#   tests/services.sh stop    stops what `start` started and removes its data
set -euo pipefail

# Debian keeps the programs of servers where only root looks.
PATH=$PATH:/usr/sbin

postgres_port=${QUARRY_TEST_POSTGRES_PORT:-15432}
mysql_port=${QUARRY_TEST_MYSQL_PORT:-13306}
redis_port=${QUARRY_TEST_REDIS_PORT:-16379}
# The first of three.
redis_cluster_port=${QUARRY_TEST_REDIS_CLUSTER_PORT:-16391}
opensearch_port=${QUARRY_TEST_OPENSEARCH_PORT:-19200}
opensearch_version=3.6.0
opensearch_sha256=a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286
elasticsearch_port=${QUARRY_TEST_ELASTICSEARCH_PORT:-19210}
elasticsearch_version=8.19.21
elasticsearch_sha256=215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a
home=${QUARRY_TEST_SERVICES_DIR:-${TMPDIR:-/tmp}/quarry-test-services-$(id -u)}
postgres_data=$home/postgres
mysql_data=$home/mysql
redis_data=$home/redis
opensearch_home=$home/opensearch
elasticsearch_home=$home/elasticsearch

say() { printf 'services: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

# The folder of PostgreSQL's programs, which Debian keeps off the PATH: the newest version's.
postgres_bin() {
  local bin
  bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
  [ -x "$bin/initdb" ] && printf '%s\n' "$bin"
}

# PostgreSQL refuses to run as root, so it gets the user that its package made.
as_postgres() { if is_root; then runuser -u postgres -- "$@"; else "$@"; fi; }

# Whether the process of a pid file lives.
lives() { [ -s "$1" ] && kill -0 "$(head -n 1 "$1")" 2>/dev/null; }

# Waits until a command succeeds: `await NAME LOG COMMAND…`.
await() {
  local name=$1 log=$2 deadline=$((SECONDS + 300))
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || { tail -n 20 "$log" >&2 || true; die "$name did not start"; }
    sleep 0.1
  done
}

install_missing() {
  local missing=()
  [ -n "$(postgres_bin)" ] || missing+=(postgresql)
  command -v mariadbd >/dev/null && command -v mariadb-install-db >/dev/null || missing+=(mariadb-server)
  command -v redis-server >/dev/null || missing+=(redis-server)
  compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null || missing+=(libfaketime)
  command -v haproxy >/dev/null || missing+=(haproxy)
  [ ${#missing[@]} -gt 0 ] || return 0
  is_root || die "missing: ${missing[*]}; install these Debian packages"
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # The packages' own servers must not start: these tests bring their own.
  local policy=/usr/sbin/policy-rc.d made_policy=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made_policy=yes
  fi
  local installed=yes
  { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >&2 || installed=
  [ -z "$made_policy" ] || rm -f "$policy"
  [ -n "$installed" ] || die "could not install ${missing[*]}"
}

start_postgres() {
  lives "$postgres_data/postmaster.pid" && return 0
  local bin
  bin=$(postgres_bin)
  rm -rf "$postgres_data"
  mkdir -p "$postgres_data"
  if is_root; then chown postgres: "$postgres_data"; fi
  # A natural language's collation, as servers commonly have: it shows where code relies on byte order.
  as_postgres "$bin/initdb" --pgdata "$postgres_data" --username quarry --auth trust --no-sync \
    --encoding UTF8 --locale C.UTF-8 --locale-provider icu --icu-locale en-US >"$home/initdb.log" 2>&1 ||
    { tail -n 20 "$home/initdb.log" >&2; die "initdb failed"; }
  as_postgres "$bin/pg_ctl" start --pgdata "$postgres_data" --log "$postgres_data/server.log" --silent --wait \
    --options "-p $postgres_port -h 127.0.0.1 -k '' -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300" ||
    { tail -n 20 "$postgres_data/server.log" >&2; die "PostgreSQL did not start"; }
}

mysql_client() { mariadb --no-defaults --protocol=socket --socket "$mysql_data/mysqld.sock" --user root "$@"; }

start_mysql() {
  lives "$mysql_data/mysqld.pid" && return 0
  local as=()
  rm -rf "$mysql_data"
  mkdir -p "$mysql_data"
  if is_root; then
    as=(--user=mysql)
    chown mysql: "$mysql_data"
  fi
  mariadb-install-db --no-defaults "${as[@]}" --datadir="$mysql_data" --skip-test-db \
    --auth-root-authentication-method=normal >"$home/mariadb-install-db.log" 2>&1 ||
    { tail -n 20 "$home/mariadb-install-db.log" >&2; die "mariadb-install-db failed"; }
  # No defaults: so the server's own character set (latin1) is not the one that quarry needs,
  # and a table that forgot to name its own is found out.
  setsid mariadbd --no-defaults "${as[@]}" --datadir="$mysql_data" --socket="$mysql_data/mysqld.sock" \
    --pid-file="$mysql_data/mysqld.pid" --port="$mysql_port" --bind-address=127.0.0.1 --skip-name-resolve \
    --innodb-flush-log-at-trx-commit=0 --skip-log-bin --max-connections=300 \
    </dev/null >"$home/mariadbd.log" 2>&1 &
  await MariaDB "$home/mariadbd.log" mysql_client --execute 'SELECT 1'
  mysql_client --execute "CREATE USER IF NOT EXISTS quarry@'127.0.0.1' IDENTIFIED BY 'quarry';
    GRANT ALL PRIVILEGES ON *.* TO quarry@'127.0.0.1';"
}

start_redis() {
  lives "$redis_data/redis.pid" && return 0
  rm -rf "$redis_data"
  mkdir -p "$redis_data"
  redis-server --port "$redis_port" --bind 127.0.0.1 --dir "$redis_data" --pidfile "$redis_data/redis.pid" \
    --logfile "$redis_data/redis.log" --save '' --appendonly no --daemonize yes >/dev/null
  await Redis "$redis_data/redis.log" redis-cli -h 127.0.0.1 -p "$redis_port" ping
}

# Prints the three nodes of the cluster.
cluster_nodes() { printf '127.0.0.1:%s\n' "$redis_cluster_port" $((redis_cluster_port + 1)) $((redis_cluster_port + 2)); }

cluster_is_ready() {
  local node
  for node in $(cluster_nodes); do
    redis-cli -h 127.0.0.1 -p "${node#*:}" cluster info | grep -q 'cluster_state:ok' || return 1
  done
}

start_redis_cluster() {
  local node port data
  for node in $(cluster_nodes); do
    port=${node#*:}
    data=$home/redis-cluster-$port
    lives "$data/redis.pid" && continue
    rm -rf "$data"
    mkdir -p "$data"
    redis-server --port "$port" --bind 127.0.0.1 --dir "$data" --pidfile "$data/redis.pid" \
      --logfile "$data/redis.log" --save '' --appendonly no --cluster-enabled yes --daemonize yes >/dev/null
    await Redis "$data/redis.log" redis-cli -h 127.0.0.1 -p "$port" ping
  done
  # shellcheck disable=SC2046 # one argument for each node
  cluster_is_ready || redis-cli --cluster create $(cluster_nodes) --cluster-yes >"$home/redis-cluster.log" 2>&1 || true
  await 'Redis Cluster' "$home/redis-cluster.log" cluster_is_ready
}

# The folder of a JDK of at least a version.
jdk_home() {
  local jdk version
  for jdk in ${JAVA_HOME:+"$JAVA_HOME"} /usr/lib/jvm/*; do
    [ -x "$jdk/bin/java" ] || continue
    version=$("$jdk/bin/java" -version 2>&1 | sed -n '1s/.*version "\([0-9]*\).*/\1/p')
    [ "${version:-0}" -lt "$1" ] || { printf '%s\n' "$jdk"; return 0; }
  done
  return 1
}
opensearch_jdk() { jdk_home 21; }
elasticsearch_jdk() { jdk_home 17; }

# Fetches a distribution once into the user's cache: `fetch_node NAME VERSION SHA256` sets `node_zip`.
fetch_node() {
  local name=$1 version=$2 sha256=$3 cache=${XDG_CACHE_HOME:-$HOME/.cache}/quarry-test-services
  node_zip=$cache/$name-$version.zip
  if [ ! -f "$node_zip" ]; then
    say "fetching $name $version (more than 100 MB, once)"
    mkdir -p "$cache"
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy \
      -Dartifact="org.$name.distribution.integ-test-zip:$name:$version:zip" \
      -DoutputDirectory="$cache" >"$home/maven-$name.log" 2>&1 || return 1
  fi
  printf '%s  %s\n' "$sha256" "$node_zip" | sha256sum --check --quiet >&2 ||
    die "$node_zip is not the pinned distribution: delete it"
}

# Starts a node of a search engine: `start_node NAME VERSION SHA256 PORT VARIABLES MODULES SETTINGS…`. The names of
# its environment variables begin with VARIABLES.
start_node() {
  local name=$1 version=$2 sha256=$3 port=$4 variables=$5 modules=$6 folder=$home/$1 user=quarry-$1 as=() jdk module
  shift 6
  lives "$folder/pid" && return 0
  if ! jdk=$("${name}_jdk") || ! command -v mvn >/dev/null || ! command -v unzip >/dev/null ||
    ! fetch_node "$name" "$version" "$sha256"; then
    say "the tests of $name are skipped: they need a recent JDK, Maven and unzip (see CONTRIBUTING.md)"
    return 0
  fi
  rm -rf "$folder"
  mkdir -p "$folder"
  unzip -q "$node_zip" -d "$folder"
  mv "$folder/$name-$version" "$folder/dist"
  # Without modules that quarry does not need, a node starts sooner.
  for module in "$folder"/dist/modules/*; do
    case " $modules " in
      *" ${module##*/} "*) ;;
      *) rm -r "$module" ;;
    esac
  done
  # The start script works in its own folder, where the log of the garbage collector does not belong.
  sed -i -e '/gc\.log/d' -e "s#HeapDumpPath=data#HeapDumpPath=$folder#" -e "s#ErrorFile=logs#ErrorFile=$folder#" \
    "$folder/dist/config/jvm.options"
  printf '%s\n' "cluster.name: quarry-tests" "network.host: 127.0.0.1" "http.port: $port" \
    "transport.port: $((port + 1))" "discovery.type: single-node" \
    "path.data: $folder/data" "path.logs: $folder/logs" "path.repo: $folder/snapshots" \
    "cluster.routing.allocation.disk.threshold_enabled: false" \
    "cluster.max_shards_per_node: 5000" "$@" >"$folder/dist/config/$name.yml"
  if is_root; then
    # It refuses to run as root, so it gets a user of its own.
    getent passwd "$user" >/dev/null || useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
    chown -R "$user" "$folder"
    as=(runuser -u "$user" --)
  fi
  "${as[@]}" env -i PATH=/usr/bin:/bin HOME="$folder" "${variables}_JAVA_HOME=$jdk" \
    "${variables}_JAVA_OPTS=-Xms512m -Xmx512m -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC -XX:-AlwaysPreTouch" \
    "$folder/dist/bin/$name" --daemonize --pidfile "$folder/pid" \
    </dev/null >"$home/$name.log" 2>&1 || { tail -n 20 "$home/$name.log" >&2; die "$name did not start"; }
  await "$name" "$home/$name.log" curl --silent --fail "http://127.0.0.1:$port/_cluster/health"
}

# With the language of boosts.
start_opensearch() {
  start_node opensearch "$opensearch_version" "$opensearch_sha256" "$opensearch_port" OPENSEARCH \
    "transport-netty4 lang-painless"
}

# This distribution has no script language, and starts with all its modules alone.
start_elasticsearch() {
  start_node elasticsearch "$elasticsearch_version" "$elasticsearch_sha256" "$elasticsearch_port" ES \
    "apm transport-netty4 x-pack-core x-pack-security" "xpack.security.enabled: false"
}

# Ends the process of a pid file and waits until it is gone.
end() {
  local name=$1 pid_file=$2 signal=$3 pid deadline=$((SECONDS + 300))
  lives "$pid_file" || return 0
  pid=$(head -n 1 "$pid_file")
  kill -s "$signal" "$pid"
  while kill -0 "$pid" 2>/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || die "$name (process $pid) does not stop"
    sleep 0.1
  done
}

start() {
  install_missing
  mkdir -p "$home"
  chmod 755 "$home"
  # Of two calls at the same time, one waits for the other.
  exec 9>"$home/lock"
  flock 9
  start_postgres 9>&-
  start_mysql 9>&-
  start_redis 9>&-
  start_redis_cluster 9>&-
  # Both take long to start, and one of them mostly one core.
  start_elasticsearch 9>&- &
  local elasticsearch=$!
  start_opensearch 9>&-
  wait "$elasticsearch"
  say "PostgreSQL on $postgres_port, MariaDB on $mysql_port, Redis on $redis_port, its cluster from $redis_cluster_port; eval \"\$(tests/services.sh env)\""
}

stop() {
  [ -d "$home" ] || return 0
  end PostgreSQL "$postgres_data/postmaster.pid" INT
  end MariaDB "$mysql_data/mysqld.pid" TERM
  end Redis "$redis_data/redis.pid" TERM
  local node
  for node in $(cluster_nodes); do
    end Redis "$home/redis-cluster-${node#*:}/redis.pid" TERM
    rm -rf "$home/redis-cluster-${node#*:}"
  done
  end OpenSearch "$opensearch_home/pid" TERM
  end Elasticsearch "$elasticsearch_home/pid" TERM
  rm -rf "$postgres_data" "$mysql_data" "$redis_data" "$opensearch_home" "$elasticsearch_home" "$home"/*.log \
    "$home/lock"
  rmdir "$home" 2>/dev/null || true
}

print_env() {
  printf 'export QUARRY_TEST_POSTGRES_URL=%s\n' "postgres://quarry@127.0.0.1:$postgres_port/postgres"
  printf 'export QUARRY_TEST_MYSQL_URL=%s\n' "mysql://quarry:quarry@127.0.0.1:$mysql_port/mysql"
  printf 'export QUARRY_TEST_REDIS_URL=%s\n' "redis://127.0.0.1:$redis_port/"
  printf 'export QUARRY_TEST_REDIS_CLUSTER_URL=%s\n' "redis+cluster://$(cluster_nodes | paste -sd,)"
  # Absent without a node: its tests are skipped.
  if lives "$opensearch_home/pid"; then
    printf 'export QUARRY_TEST_OPENSEARCH_URL=%s\n' "http://127.0.0.1:$opensearch_port"
    # The programs for nodes of a single test.
    printf 'export QUARRY_TEST_OPENSEARCH_DIST=%s\n' "$opensearch_home/dist"
    printf 'export QUARRY_TEST_OPENSEARCH_JDK=%s\n' "$(opensearch_jdk)"
  fi
  if lives "$elasticsearch_home/pid"; then
    printf 'export QUARRY_TEST_ELASTICSEARCH_URL=%s\n' "http://127.0.0.1:$elasticsearch_port"
  fi
}

case ${1:-} in
  start) start ;;
  stop) stop ;;
  env) print_env ;;
  *) die "usage: $0 start|stop|env" ;;
esac
