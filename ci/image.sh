#!/usr/bin/env bash
# Lays out what an image holds, as a root file system: `ci/image.sh BINARY FOLDER`. The Dockerfile calls it, and so does the
# test that runs Outrider in it with nothing else: read-only, as nobody, without capabilities (`tests/e2e/shipped.rs`).
#
# The binary without debug information, the libraries that it is linked with, a folder for state that belongs to 65532, and
# under /usr/share/doc/outrider the licence, the licences of everything in the binary and a bill of materials (CycloneDX).
set -euo pipefail
binary=$1 root=$2
here=$(cd "$(dirname "$0")/.." && pwd)

mkdir -p "$root"/{etc/outrider,usr/share/doc/outrider,var/lib/outrider}
objcopy --strip-debug "$binary" "$root/outrider"
chmod 755 "$root/outrider"

# `/lib/…/libc.so.6` out of `libc.so.6 => /lib/…/libc.so.6 (0x…)`, and the loader, which stands alone.
ldd "$binary" | awk '$2 == "=>" && $3 ~ "^/" { print $3 } $1 ~ "^/" { print $1 }' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

cp "$here/LICENSE" "$root/usr/share/doc/outrider/LICENSE"
"$here/ci/materials.py" "$root/usr/share/doc/outrider"
# An agent that nobody configured says what is missing rather than that a file is.
printf '%s\n' '# Mount your agent.yaml here; an empty file means the defaults.' >"$root/etc/outrider/agent.yaml"
chmod 755 "$root" "$root"/{etc,etc/outrider,usr,usr/share,usr/share/doc,usr/share/doc/outrider,var,var/lib}
chmod 644 "$root/etc/outrider/agent.yaml"
if [ "$(id -u)" = 0 ]; then chown 65532:65532 "$root/var/lib/outrider"; fi
chmod 750 "$root/var/lib/outrider"
