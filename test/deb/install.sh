#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 3600
#
# usage: test/deb/install.sh [SUITE...]
#
# The Debian packages in a bare Debian (this machine's suite, or SUITE): they
# install; DKMS builds lem.ko for that Debian's kernel; the system boots in QEMU
# with e1000 until /etc/modprobe.d/lem.conf says lem, and then with lem, also if
# that is undone for one device at run time; a purge leaves nothing behind.
#
# It runs as root, and downloads a lot once (base.sh).  The packages are in
# $BUILD/deb: make deb.  $BUILD/test/deb/SUITE/ has what everything said.

set -u
here=$(cd -- "$(dirname -- "$0")" && pwd) || exit
: "${BUILD:=$here/../../build}"
mkdir -p "$BUILD/test/deb" && BUILD=$(cd -- "$BUILD" && pwd) || exit
export BUILD
bad=0

skip()
{
	echo "$*"
	exit 77
}

wrong()
{
	echo "wrong: $*"
	bad=1
}

# is WHAT FOUND WANTED
is()
{
	[ "$2" = "$3" ] || wrong "$suite: $1: '$2', not '$3'"
}

# in_root COMMAND...: in the root that is being tried.
in_root()
{
	"$here/in-root" "$root" "$@"
}

# files: all in the root, but what apt, dpkg and DKMS keep for themselves.
files()
{
	(cd "$root" && find . -path ./var/lib/dpkg -prune -o \
	    -path ./var/cache -prune -o -path ./var/log -prune -o \
	    -path ./var/lib/apt -prune -o \
	    ! -path "./var/lib/dkms/mok.*" -print) | LC_ALL=C sort
}

# boot NAME: boots the root; sets $said, what init.sh says.  The disk is small:
# nothing that only a compiler needs.
boot()
{
	rm -rf "$work/disk" "$work/disk.img"
	mkdir "$work/disk"
	tar -c -C "$root" --exclude=./usr/src --exclude=./usr/lib/gcc \
	    --exclude=./usr/share --exclude=./var --exclude=./boot \
	    --exclude=./usr/include . | tar -x -C "$work/disk"
	cp "$here/init.sh" "$work/disk/init.sh"
	mke2fs -q -t ext4 -d "$work/disk" "$work/disk.img" 2500M \
	    >>"$logs/log" || return
	rm -rf "$work/disk"
	timeout -k 5 1200 qemu-system-x86_64 -accel tcg -machine pc -cpu max \
	    -smp 2 -m 1G -nodefaults -display none -serial stdio -no-reboot \
	    -kernel "$root/boot/vmlinuz-$kernel" \
	    -initrd "$root/boot/initrd.img-$kernel" -append "console=ttyS0 \
	    root=/dev/vda rw init=/init.sh loglevel=4 panic=-1 no_timer_check" \
	    -drive "file=$work/disk.img,format=raw,if=virtio" \
	    -netdev user,id=n0,restrict=on -device e1000,netdev=n0,romfile= \
	    >"$logs/$1.console" 2>&1 </dev/null || wrong "$suite: $1: QEMU: $?"
	said=$(tr -d '\r' <"$logs/$1.console" | sed -n 's/^lem-test: //p')
	rm -f "$work/disk.img"
}

# installed: everything is there, and works.
installed()
{
	# shellcheck disable=SC2016 # for dpkg-query
	version=$(in_root dpkg-query -f '${Version}' -W lem-dkms)
	in_root dkms status | grep -q \
	    "^lem/$version, $kernel, x86_64: installed" ||
	    wrong "$suite: DKMS: $(in_root dkms status)"
	is "modinfo" "$(in_root modinfo -k "$kernel" -F version lem)" "$version"
	[ -n "$(in_root modinfo -k "$kernel" -F signer lem)" ] ||
	    wrong "$suite: lem.ko is not signed"
	for program in lem-bench lem-nic lem-stat lem-vm; do
		is "$program" "$(in_root $program --version)" \
		    "$program $version"
	done
	cat >"$root/tmp/t.c" <<-'C'
	#include <e82540.h>
	#include <stdio.h>
	int main(void) { puts(e82540_version()); return 0; }
	C
	# shellcheck disable=SC2016 # the inner shell expands it
	is library "$(in_root sh -c 'cd /tmp &&
	    gcc -o t t.c $(pkg-config --cflags --libs e82540) && ./t')" \
	    "$version"
	rm -f "$root/tmp/t.c" "$root/tmp/t"
}

# chosen: lem in preference to e1000, as the comment in the file says.
chosen()
{
	sed -i 's/^#softdep/softdep/' "$root/etc/modprobe.d/lem.conf"
	in_root update-initramfs -u >>"$logs/log" 2>&1 ||
	    wrong "$suite: update-initramfs"
}

# in_initrd: has the RAM disk the module?
in_initrd()
{
	in_root lsinitramfs "/boot/initrd.img-$kernel" | grep -c '/lem\.ko'
}

try()
{
	kernel=$(cd "$root/boot" && echo vmlinuz-*)
	kernel=${kernel#vmlinuz-}
	files >"$logs/before"
	mkdir "$root/debs"
	cp "$BUILD"/deb/*.deb "$root/debs/"
	rm -f "$root"/debs/*dbgsym*
	{
		in_root apt-get -q update
		in_root sh -c 'apt-get -q -y --no-install-recommends install \
		    /debs/*.deb'
	} >"$logs/log" 2>&1 || {
		tail -n 30 "$logs/log"
		wrong "$suite: the packages cannot be installed"
		return
	}
	rm -rf "$root/debs"
	installed
	boot default
	is "NIC by default" "$said" "driver e1000"
	chosen
	is "lem.ko in the RAM disk" "$(in_initrd)" 1
	boot chosen
	is "NIC when lem is chosen" "$said" "driver lem
ping
override driver e1000
override driver lem
ping"
	in_root apt-get -q -y purge lem lem-dkms 'libe82540-*' \
	    >>"$logs/log" 2>&1 || wrong "$suite: purge"
	in_root apt-get -q -y autoremove --purge >>"$logs/log" 2>&1
	files >"$logs/after"
	diff "$logs/before" "$logs/after" >"$logs/left" || {
		wrong "$suite: a purge leaves behind ('>'), or takes ('<'):"
		cat "$logs/left"
	}
	is "lem.ko in the RAM disk after the purge" "$(in_initrd)" 0
}

# A root of its own, over the suite's: nothing of a trial stays.
overlay()
{
	root=$work/root
	mkdir -p "$root" "$work/upper" "$work/work"
	mount -t overlay overlay -o "lowerdir=$BUILD/deb-root/$suite/root,\
upperdir=$work/upper,workdir=$work/work" "$root" ||
	    skip "no overlay file system in $BUILD"
}

if [ "${1-}" = --one ]; then
	suite=$2
	logs=$BUILD/test/deb/$suite
	rm -rf "$logs"
	mkdir -p "$logs"
	work=$(mktemp -d "$BUILD/deb-root/try.XXXXXX") || exit
	trap 'umount "$work/root"; rm -rf "$work"' EXIT
	overlay
	try
	exit $bad
fi

if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
	skip "needs root"
fi
for tool in debootstrap qemu-system-x86_64 mke2fs; do
	command -v $tool >/dev/null || skip "no $tool"
done
[ -n "$(find "$BUILD/deb" -name '*.deb' 2>/dev/null)" ] ||
    skip "no packages: make deb"
[ $# != 0 ] ||
    set -- "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)"
for suite; do
	"$here/base.sh" "$suite" >"$BUILD/test/deb/base-$suite.log" 2>&1 || {
		tail -n 5 "$BUILD/test/deb/base-$suite.log"
		skip "no Debian $suite"
	}
	# The overlay is in a mount namespace of its own.
	unshare -m --propagation private "$here/install.sh" --one "$suite" ||
	    bad=1
	[ $bad != 0 ] || echo "$suite: passed"
done
exit $bad
