#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh test/vm/linux/packages.sh [qemu|ovmf|headers|source]
#
# Gets the parts of a Linux guest into $BUILD/linux: Debian's stock kernel and
# the programs for both sides, as this machine's suite (SUITE names another) has
# them; see test/debs.  It downloads about 90 MB, once: what is there stays.
# With "qemu" a QEMU to run inside of the first guest, too, for the long tests
# and the benchmark: about 60 MB more, into $BUILD/linux-qemu.  With "headers"
# what a module for that kernel is built with: 14 MB, into $BUILD/linux-headers.
# With "ovmf" UEFI for QEMU: 5 MB, into $BUILD/ovmf.  With "source" that kernel's
# source, unpacked: 139 MB, into $BUILD/linux-source.

set -eu
: "${BUILD:=$(dirname -- "$0")/../../../build}"
me=packages
# shellcheck source=test/debs
. "$(dirname -- "$0")/../../debs"

: "${SUITE:=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}"
[ -n "$SUITE" ] || die "/etc/os-release does not say which suite this is"

# fetch DIR PACKAGE...: gets them and their dependencies, unless they are there.
fetch()
{
	to=$1
	shift
	stamp="$SUITE $*"
	mkdir -p "$to"
	if [ "$(cat "$to/done" 2>/dev/null)" = "$stamp" ]; then
		return
	fi
	rm -f "$to/done"
	debs_begin "$to" "$SUITE"
	case $1 in
	kernel | headers | source)
		"$1"
		shift
		;;
	esac
	[ $# = 0 ] ||
	    debs_apt apt-get install --download-only --no-install-recommends \
		"$@" || die "apt-get could not download $*"
	debs_unpack
	echo "$stamp" >"$dir/done"
}

# kernel: gets the package that linux-image-amd64 names, without what it would
# need to be installed.  From Linux 7 on it is empty: the kernel and its modules
# are in packages that it depends on.
kernel()
{
	image=$(debs_apt apt-cache show linux-image-amd64 |
	    sed -n 's/^Depends:.*\(linux-image-[0-9][^ ,]*\).*/\1/p' |
	    head -n 1)
	[ -n "$image" ] || die "$SUITE has no linux-image-amd64"
	parts=$(debs_apt apt-cache show "$image" | sed -n 's/^Depends: //p' |
	    tr ',' '\n' | tr '|' '\n' |
	    sed -n 's/^ *\(linux-\(binary\|modules\)-[0-9][^ ]*\).*/\1/p' |
	    sort -u)
	# shellcheck disable=SC2086 # a list
	(cd "$dir/apt/archives" && debs_apt apt-get download "$image" $parts) ||
	    die "apt-get could not download $image" $parts
}

# version: that of the kernel that is there.  From Linux 7 on it is beside its
# modules.
version()
{
	find "$BUILD/linux/root" -name 'vmlinuz*' |
	    sed -n -e 's,.*/vmlinuz-,,p' -e 's,.*/modules/\(.*\)/vmlinuz$,\1,p' |
	    head -n 1
}

# headers: gets those of the kernel that is there.  Their Makefile names another
# folder of them by its path.
headers()
{
	version=$(version)
	[ -n "$version" ] || die "$BUILD/linux has no kernel"
	parts=$(debs_apt apt-cache depends "linux-headers-$version" |
	    sed -n 's/.*Depends: \(linux-\(headers\|kbuild\)-[^ ]*\).*/\1/p')
	# shellcheck disable=SC2086 # a list
	(cd "$dir/apt/archives" &&
	    debs_apt apt-get download "linux-headers-$version" $parts) ||
	    die "no headers of Linux $version: remove $BUILD/linux for a newer one"
}

# source: gets that of the kernel that is there, 6.1 of 6.1.0-50-amd64.
source()
{
	version=$(version | sed 's/^\([0-9]*\.[0-9]*\).*/\1/')
	[ -n "$version" ] || die "$BUILD/linux has no kernel"
	(cd "$dir/apt/archives" &&
	    debs_apt apt-get download "linux-source-$version") ||
	    die "apt-get could not download linux-source-$version"
}

fetch "$BUILD/linux" kernel busybox-static ethtool libseccomp2 passt tcpdump \
    xz-utils zstd
case ${1-} in
qemu) fetch "$BUILD/linux-qemu" qemu-system-x86 ;;
ovmf) fetch "$BUILD/ovmf" ovmf systemd-boot-efi ;;
headers)
	fetch "$BUILD/linux-headers" headers
	top=$(cd -- "$BUILD" && pwd)/linux-headers/root
	sed -i "s,^\(include \|KBUILD_OUTPUT=\)/usr/src,\1$top/usr/src," \
	    "$top"/usr/src/*/Makefile
	;;
source)
	fetch "$BUILD/linux-source" source
	top=$BUILD/linux-source/root/usr/src
	for packed in "$top"/*.tar.xz; do
		[ -d "${packed%.tar.xz}" ] || tar -C "$top" -xf "$packed"
	done
	;;
esac
