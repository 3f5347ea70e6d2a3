#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh test/vm/linux/module.sh
#
# Compiles lem.ko for the kernel whose headers "packages.sh headers" got, as
# $BUILD/linux-module/lem.ko; image.sh puts it into the guest.

set -eu
: "${BUILD:=$(dirname -- "$0")/../../../build}"
here=$(cd -- "$(dirname -- "$0")" && pwd)
BUILD=$(cd -- "$BUILD" && pwd)
kdir=$(find "$BUILD/linux-headers/root/usr/src" -maxdepth 1 \
    -name 'linux-headers-*-amd64' | head -n 1)
exec env -u MAKEFLAGS -u MFLAGS make -s -C "$here/../../.." linux \
    BUILD="$BUILD" KDIR="$kdir" \
    KOPT="CC=gcc KCFLAGS=-Werror CONFIG_DEBUG_INFO_BTF_MODULES="
