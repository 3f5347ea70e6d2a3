#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh test/vm/linux/debug_kernel.sh
#
# Builds the kernel of debug.config from Debian's linux-source, and puts it into
# $BUILD/linux and $BUILD/linux-headers, in the places of Debian's own kernel.
# So BUILD should be a folder for this kernel alone.  It takes 6 GB, and half an
# hour of one processor; what is there stays.

set -eu
: "${BUILD:=$(dirname -- "$0")/../../../build/debug-kernel}"
here=$(cd -- "$(dirname -- "$0")" && pwd)
mkdir -p "$BUILD"
BUILD=$(cd -- "$BUILD" && pwd)
export BUILD
# Those of the caller are for this project's make.
unset MAKEFLAGS MFLAGS

say()
{
	echo "debug_kernel: $*"
}

# built: the kernel of this configuration is there.
built()
{
	[ "$(cat "$BUILD/debug" 2>/dev/null)" = "$stamp" ]
}

# build: compiles it in $source.
build()
{
	say "builds Linux with KASAN, lockdep and more in $source" \
	    "($(nproc) processors; its output is in $BUILD/debug.log)"
	cd "$source"
	{
		make -s x86_64_defconfig
		cat "$here/debug.config" >>.config
		make -s olddefconfig
		make -s -j"$(nproc)" bzImage modules
	} >"$BUILD/debug.log" 2>&1 || {
		tail -n 20 "$BUILD/debug.log"
		say "make failed; the whole output is in $BUILD/debug.log"
		exit 1
	}
}

# checked: the configuration has what it is for.
checked()
{
	sed -n '/^CONFIG_[A-Z0-9_]*=[ym]$/p' "$here/debug.config" |
	    while read -r name; do
		grep -qx "$name" .config || {
			say "Linux $release has no $name"
			exit 1
		}
	done
}

# install: takes Debian's kernel away, and puts this one in its place.
install()
{
	root=$BUILD/linux/root
	headers=$BUILD/linux-headers/root/usr/src
	rm -rf "${root:?}"/boot "$root"/lib/modules "$root"/usr/lib/modules \
	    "$headers"
	mkdir -p "$root/boot" "$headers"
	cp arch/x86/boot/bzImage "$root/boot/vmlinuz-$release"
	make -s modules_install INSTALL_MOD_PATH="$root" DEPMOD=true \
	    >>"$BUILD/debug.log" 2>&1
	ln -s "$source" "$headers/linux-headers-debug-amd64"
	touch "$BUILD/linux/done"
}

for part in '' headers source; do
	# shellcheck disable=SC2086 # a part, or nothing
	sh "$here/packages.sh" $part
done
source=$(find "$BUILD/linux-source/root/usr/src" -maxdepth 1 -type d \
    -name 'linux-source-*' | head -n 1)
stamp=$(cat "$BUILD/linux-source/done" "$here/debug.config" | cksum)
if ! built; then
	build
	release=$(make -s kernelrelease)
	checked
	install
	echo "$stamp" >"$BUILD/debug"
fi
say "it is in $BUILD/linux"
