#!/usr/bin/env bash
# Builds docker/Dockerfile with Debian's buildah, which needs no engine, and checks the image
# (tests/docker/container.sh). It runs as root. Arguments go to `buildah build`:
#
#   tests/docker/build.sh --build-arg PROFILE=dev    takes a few minutes instead of 20
#
# The base images are stand-ins under the names that the Dockerfile uses: Debian from its archive, and for
# the build stage this machine's Rust toolchain. They and the image's layers are cached below
# ${XDG_CACHE_HOME:-~/.cache}/quarry-image; remove that folder for a build from scratch.
set -euo pipefail
cd "$(dirname "$0")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/quarry-image
storage=$cache/storage
work=

say() { printf 'image: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

install_missing() {
  local missing=() command
  local -A packages=([buildah]=buildah [curl]=curl [debootstrap]=debootstrap [ip]=iproute2 [pgrep]=procps)
  for command in "${!packages[@]}"; do
    PATH=$PATH:/usr/sbin command -v "$command" >/dev/null || missing+=("${packages[$command]}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >&2 ||
    die "could not install ${missing[*]}"
}

# Images live in a folder of their own, apart from those of other users of buildah or podman.
open_storage() {
  export CONTAINERS_STORAGE_CONF=$work/storage.conf BUILDAH_ISOLATION=chroot
  # Overlays save the copies that `vfs` makes of every layer, but cannot be stacked on an overlay.
  local driver=${STORAGE_DRIVER:-overlay}
  configure_storage "$driver"
  if ! buildah info >/dev/null 2>&1; then
    [ "$driver" = overlay ] || die "the storage driver $driver does not work here"
    configure_storage vfs
  fi
  unset STORAGE_DRIVER
  # Working containers of a run that was killed.
  buildah rm --all >/dev/null
}

configure_storage() {
  printf '[storage]\ndriver = "%s"\ngraphroot = "%s"\nrunroot = "%s"\n' "$1" "$storage/$1" "$work/run" \
    >"$CONTAINERS_STORAGE_CONF"
}

close() {
  [ -n "$work" ] || return 0
  buildah rm --all >/dev/null 2>&1 || true
  # The driver mounts its folder on itself.
  umount "$storage/overlay/overlay" 2>/dev/null || true
  rm -rf "$work"
}

# The one base image of docker/Dockerfile with this name: `base_image rust`.
base_image() { sed -nE "s/^FROM ($1:[^ ]+).*/\1/p" docker/Dockerfile; }

has_image() { buildah inspect --type image "$1" >/dev/null 2>&1; }

# Makes the stand-in of debian:VERSION-slim from a suite.
make_debian() {
  local image=$1 suite=$2 version container
  say "making a stand-in for $image"
  debootstrap --variant=minbase "$suite" "$work/debian" >"$work/debootstrap.log" 2>&1 ||
    { tail -n 20 "$work/debootstrap.log" >&2; die "debootstrap failed"; }
  version=${image#*:}
  [ "$(cut -d . -f 1 "$work/debian/etc/debian_version")" = "${version%%.*}" ] ||
    die "$suite, which the Rust image is based on, is not the Debian of $image"
  rm -f "$work"/debian/var/cache/apt/archives/*.deb
  container=$(buildah from scratch)
  buildah add -q "$container" "$work/debian" / >/dev/null
  buildah config --cmd bash "$container"
  buildah commit -q --rm "$container" "docker.io/library/$image" >/dev/null
  rm -rf "$work/debian"
}

# Makes the stand-in of rust:VERSION-slim-SUITE: the same packages, and the toolchain in the same place.
make_rust() {
  local image=$1 debian=$2 version=$3 toolchain container
  say "making a stand-in for $image with $version"
  toolchain=$(rustc --print sysroot)
  container=$(buildah from --pull=never "$debian")
  buildah run "$container" -- bash -euc 'apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends ca-certificates gcc libc6-dev
    rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb' >"$work/apt.log" 2>&1 ||
    { tail -n 20 "$work/apt.log" >&2; die "could not install the packages of $image"; }
  # Documentation is more than half of it.
  mkdir "$work/toolchain"
  cp -a "$toolchain/bin" "$toolchain/lib" "$work/toolchain"
  buildah copy -q "$container" "$work/toolchain" /usr/local/rustup >/dev/null
  rm -rf "$work/toolchain"
  # Cargo trusts what this machine trusts, such as the certificate of a proxy.
  buildah config --env CARGO_HOME=/usr/local/cargo --env CARGO_HTTP_CAINFO="$certificates" \
    --env PATH=/usr/local/cargo/bin:/usr/local/rustup/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --label toolchain="$version" "$container"
  buildah commit -q --rm "$container" "docker.io/library/$image" >/dev/null
}

# Where the build finds this machine's certificates.
certificates=/run/host-certificates.crt

make_base_images() {
  local rust debian version
  rust=$(base_image rust)
  debian=$(base_image debian)
  version=$(rustc --version)
  has_image "$debian" || make_debian "$debian" "${rust##*-}"
  if ! has_image "$rust" ||
    [ "$(buildah inspect --type image --format '{{.OCIv1.Config.Labels.toolchain}}' "$rust")" != "$version" ]; then
    make_rust "$rust" "$debian" "$version"
  fi
}

# Builds up to a stage of the Dockerfile: `build NAME ARGUMENT…`.
build() {
  local name=$1
  shift
  # Without its own format, an image has no health check.
  buildah build --format docker --layers --pull=never --file docker/Dockerfile --tag "$name" "$@" .
}

[ "$(id -u)" -eq 0 ] || die "only root can build the image with buildah"
command -v rustc >/dev/null || die "rustc is missing: install Rust 1.94 or newer"
install_missing
PATH=$PATH:/usr/sbin
mkdir -p "$cache/tmp"
exec 9>"$cache/lock"
flock 9
trap close EXIT
work=$(mktemp -d)
# buildah keeps cache mounts there.
export TMPDIR=$cache/tmp
open_storage
make_base_images
say "building docker/Dockerfile"
# The build stage gets a name, too, so that its layers are still there in the next run. It alone gets the
# certificates, since a mount leaves an empty file behind.
build quarry-build --target build --volume /etc/ssl/certs/ca-certificates.crt:"$certificates":ro "$@"
build quarry "$@"
# Layers of earlier builds.
buildah rmi --prune >/dev/null
tests/docker/container.sh quarry
