#!/usr/bin/env bash
# Installs what a make target needs from the system: `ci/setup.sh build test`. Quick when nothing is missing. Without
# root, or where there is no apt-get, it says what to type and fails. `openapi` also fetches a document, into `target/`.
set -euo pipefail
cd "$(dirname "$0")/.."

# Per group: a program, and the Debian package that has it.
packages() {
  case $1 in
    build) echo "cc:gcc cmake:cmake" ;;
    test) echo "python3:python3-venv curl:curl h2load:nghttp2-client node:nodejs npm:npm promtool:prometheus prometheus:prometheus ip:iproute2 iptables:iptables nft:nftables setpriv:util-linux faketime:faketime slowhttptest:slowhttptest strace:strace chromium:chromium amtool:prometheus-alertmanager docker-compose:docker-compose objcopy:binutils update-ca-certificates:ca-certificates" ;;
    bench) echo "python3:python3-venv nginx:nginx haproxy:haproxy h2load:nghttp2-client nghttpd:nghttp2-server valgrind:valgrind strace:strace" ;;
    openapi) echo "npm:npm" ;;
    fuzz) echo "c++:g++" ;;
    *) echo "ci/setup.sh: no group '$1'; there are build, test, bench, openapi and fuzz" >&2; return 2 ;;
  esac
}

# What the route engine is tried with: the OpenAPI document of GitHub's REST API (MIT), from the package that its client is
# built from. `tests/route/github.rs` reads it. The package is 29 MB, of which one file of 13 MB is kept.
document() {
  local version=23.0.2 folder=${CARGO_TARGET_DIR:-target}/openapi work
  local sha512=a55f0cecbf46636dc0c9b36f4e6a369f28e6a669edebedac444fedaabd192d070f4b8967c3bbb979918d9b044d9010b70fb8195db171e401f32d455105718386
  [ ! -e "$folder/github-$version.json" ] || return 0
  echo "fetching @octokit/openapi $version"
  mkdir -p "$folder"
  work=$(mktemp -d "$folder/fetch.XXXXXX")
  npm pack --silent --pack-destination "$work" "@octokit/openapi@$version" >/dev/null
  echo "$sha512  $work/octokit-openapi-$version.tgz" | sha512sum --check --quiet
  tar -xzf "$work/octokit-openapi-$version.tgz" -C "$work" package/generated/api.github.com.json
  mv "$work/package/generated/api.github.com.json" "$folder/github-$version.json"
  rm -r "$work"
}

# Whatever else the groups need, once their packages are there.
fetch() {
  case " $* " in *" openapi "*) document ;; esac
}

missing=()
for group in "$@"; do
  pairs=$(packages "$group")
  for pair in $pairs; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
done
if [ ${#missing[@]} = 0 ]; then
  fetch "$@"
  exit
fi
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

if ! command -v apt-get >/dev/null; then
  echo "missing: ${missing[*]} (Debian's names). Install them with your system's package manager." >&2
  exit 1
fi
if [ "$(id -u)" != 0 ]; then
  echo "missing: ${missing[*]}. Type:" >&2
  echo "  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi

echo "installing ${missing[*]}"
# The packages' own services are not wanted: whatever needs one starts it itself, on a port of its own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fetch "$@"
