#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: test/deb/base.sh SUITE
#
# Makes $BUILD/deb-root/SUITE, a bare Debian with the kernel, its headers, DKMS
# and what boot.sh needs: about 400 MB to download, once; what is there stays.
# Runs as root.

set -eu
suite=$1
: "${BUILD:=$(dirname -- "$0")/../../build}"
base=$BUILD/deb-root/$suite
in_root="$(dirname -- "$0")/in-root"

set -- dkms ethtool gcc initramfs-tools iproute2 iputils-ping kmod libc6-dev \
    linux-headers-amd64 linux-image-amd64 openssl pkgconf \
    systemd-sysv udev zstd

[ "$(cat "$base/done" 2>/dev/null)" != "$*" ] || exit 0
rm -rf "$base"
mkdir -p "$base"
mirror=$(sed -n -e 's/^URIs: *\([^ ]*\/debian\)\/*$/\1/p' \
    -e 's/^deb \(\[[^]]*\] *\)*\([^ ]*\/debian\)\/* .*/\2/p' \
    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null |
    head -n 1)
# debootstrap of an older Debian may not know a newer suite's name.
script=''
[ -e "/usr/share/debootstrap/scripts/$suite" ] ||
    script=/usr/share/debootstrap/scripts/sid
debootstrap --variant=minbase "$suite" "$base/root" \
    "${mirror:-http://deb.debian.org/debian}" ${script:+"$script"}
"$in_root" "$base/root" apt-get -q -y \
    --no-install-recommends install "$@"
"$in_root" "$base/root" apt-get clean
echo "$*" >"$base/done"
