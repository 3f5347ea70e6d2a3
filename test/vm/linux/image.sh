#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh test/vm/linux/image.sh [qemu|nic]
#
# Makes of what packages.sh got, and of $BUILD/lem-vm and $BUILD/vm/lem-traffic,
# in $BUILD/linux/image:
#
#	vmlinuz		Debian's kernel, a bzImage
#	vmlinux		the ELF file in it, with a PVH entry
#	guest.img	initial RAM disk of a guest of lem-vm; see guest
#	host.img	... of a guest of QEMU that runs lem-vm; see host
#			(and, with "qemu", another QEMU)
#	lem.ko		the module in it, if it was built
#	nic.img		with "nic": ... that runs lem-nic and QEMU 11
#	bin/		busybox under its names, for host.sh

set -eu
: "${BUILD:=$(dirname -- "$0")/../../../build}"
here=$(cd -- "$(dirname -- "$0")" && pwd)
BUILD=$(cd -- "$BUILD" && pwd)
root=$BUILD/linux/root
image=$BUILD/linux/image
busybox=$root/bin/busybox
[ -x "$busybox" ] || busybox=$root/usr/bin/busybox
lib=$root/usr/lib/x86_64-linux-gnu:$root/lib/x86_64-linux-gnu
loader=$root/lib64/ld-linux-x86-64.so.2
[ -e "$loader" ] || loader=$root/usr/lib64/ld-linux-x86-64.so.2

die()
{
	echo "image: $*" >&2
	exit 1
}

# packaged PROGRAM ARGUMENT...: runs a program of the packages.
packaged()
{
	program=$1
	shift
	"$loader" --library-path "$lib" "$root/usr/bin/$program" "$@"
}

# le32 FILE OFFSET: prints four bytes as a number.
le32()
{
	# shellcheck disable=SC2046 # four words
	set -- $(od -An -tu1 -j "$2" -N 4 "$1")
	echo $(($1 + ($2 << 8) + ($3 << 16) + ($4 << 24)))
}

# vmlinux BZIMAGE: unpacks it (boot.rst: payload_offset, payload_length).
vmlinux()
{
	sectors=$(od -An -tu1 -j 497 -N 1 "$1" | tr -d ' ')
	offset=$(((sectors + 1) * 512 + $(le32 "$1" 584)))
	length=$(le32 "$1" 588)
	# Its last four bytes are the unpacked size, which gzip has in its format.
	case $(od -An -tx1 -j $offset -N 4 "$1" | tr -d ' ') in
	fd377a58) unpack="packaged xz -dc" length=$((length - 4)) ;;
	28b52ffd) unpack="packaged zstd -dc" length=$((length - 4)) ;;
	1f8b*) unpack="gzip -dc" ;;
	*) die "$1: unknown compression" ;;
	esac
	tail -c +$((offset + 1)) "$1" | head -c "$length" | $unpack
}

# tree DIR: makes what both RAM disks have.
tree()
{
	rm -rf "$1"
	mkdir -p "$1/bin" "$1/dev" "$1/etc" "$1/lib" "$1/lib64" \
	    "$1/modules" "$1/proc" "$1/root" "$1/sys" "$1/tmp"
	cp "$busybox" "$1/bin/"
	for name in $("$busybox" --list); do
		[ "$name" = busybox ] || ln -s busybox "$1/bin/$name"
	done
	cp "$BUILD/vm/lem-traffic" "$here/lost" "$1/bin/"
	cp "$loader" "$1/lib64/"
	cat >"$1/etc/passwd" <<-END
	root:x:0:0::/root:/bin/sh
	nobody:x:65534:65534::/:/bin/sh
	END
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
}

# program DIR FILE [LIBRARIES]: copies it, with libraries of the packages.
program()
{
	rm -f "$1/bin/${2##*/}"
	cp "$2" "$1/bin/"
	"$loader" --library-path "${3:+$3:}$lib" --list "$2" |
	    sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r so; do
		cp -L "$so" "$1/lib/"
	done
}

# module DIR NAME: copies a module and those it needs, in loading order.  A kernel
# that has it built in needs none; the packages of Linux 7 do not list those.
module()
{
	file=$(find "$root"/lib/modules/*/kernel "$root"/usr/lib/modules/*/kernel \
	    \( -name "$2.ko" -o -name "$2.ko.*" \) 2>/dev/null | head -n 1)
	if [ -z "$file" ]; then
		list=$(find "$root" -path '*/modules/*/modules.builtin')
		[ -z "$list" ] || grep -q "/$2[.]ko\$" "$list" ||
		    die "the kernel has no module $2"
		: >"$1/modules/$2.needs"
		return
	fi
	case $file in
	*.xz) packaged xz -dc "$file" ;;
	*.zst) packaged zstd -dc "$file" ;;
	*) cat "$file" ;;
	esac >"$1/modules/$2.ko"
	needs=$(tr '\000' '\n' <"$1/modules/$2.ko" |
	    LC_ALL=C sed -n 's/^depends=//p' | tr ',' ' ')
	for name in $needs; do
		(module "$1" "$name")
		cat "$1/modules/$name.needs"
	done >"$1/modules/$2.needs.new"
	echo "$2" >>"$1/modules/$2.needs.new"
	mv "$1/modules/$2.needs.new" "$1/modules/$2.needs"
}

# pack DIR FILE
pack()
{
	(cd "$1" && find . | "$busybox" cpio -o -H newc 2>/dev/null) >"$2.new"
	mv "$2.new" "$2"
}

# new_qemu: puts lem-nic and QEMU 11 into the host's RAM disk, with its own
# loader and libraries.
new_qemu()
{
	newer=$BUILD/qemu/root/usr
	own="$newer/lib64/ld-linux-x86-64.so.2 --library-path $newer/lib/x86_64-linux-gnu"
	program "$host" "$BUILD/lem-nic"
	mkdir -p "$host/qemu/lib" "$host/qemu/share" "$host/nic"
	cp "$here/../nic/host.sh" "$host/nic/"
	cp "$newer/lib64/ld-linux-x86-64.so.2" "$newer/bin/qemu-system-x86_64" \
	    "$host/qemu/"
	$own --list "$newer/bin/qemu-system-x86_64" |
	    sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | while read -r so; do
		cp -L "$so" "$host/qemu/lib/"
	done
	for name in seabios/bios-256k.bin qemu/kvmvapic.bin \
	    qemu/linuxboot_dma.bin qemu/efi-e1000.rom; do
		cp "$newer/share/$name" "$host/qemu/share/"
	done
	cat >"$host/qemu/run" <<-END
	#!/bin/sh
	exec /qemu/ld-linux-x86-64.so.2 --library-path /qemu/lib \
	    --argv0 qemu /qemu/qemu-system-x86_64 -L /qemu/share "\$@"
	END
	chmod 755 "$host/qemu/run"
}

[ -x "$busybox" ] || die "$busybox does not exist: run packages.sh first"
mkdir -p "$image"
# From Linux 7 on it is beside its modules.
kernel=$(find "$root/boot" "$root/usr/lib/modules" -name 'vmlinuz*' 2>/dev/null |
    head -n 1)
[ -n "$kernel" ] || die "the packages have no kernel"
cp "$kernel" "$image/vmlinuz"
[ -n "$(find "$image/vmlinux" -newer "$BUILD/linux/done" 2>/dev/null)" ] || {
	vmlinux "$image/vmlinuz" >"$image/vmlinux.new"
	mv "$image/vmlinux.new" "$image/vmlinux"
}

guest=$BUILD/linux/guest
tree "$guest"
cp "$here/guest" "$guest/init"
cp "$here/steps" "$guest/"
cp "$here/../../../bench/linux/steps" "$guest/steps.bench"
program "$guest" "$(find "$root/sbin" "$root/usr/sbin" -name ethtool \
    2>/dev/null | head -n 1)"
module "$guest" e1000
if [ -e "$BUILD/linux-module/lem.ko" ]; then
	cp "$BUILD/linux-module/lem.ko" "$guest/modules/"
	cp "$BUILD/linux-module/lem.ko" "$image/"
	echo lem >"$guest/modules/lem.needs"
	cp "$here/../driver/steps" "$guest/steps.lem"
fi
module "$guest" 8021q
module "$guest" dummy
module "$guest" pvpanic-mmio
module "$guest" virtio_net
module "$guest" virtio_pci
pack "$guest" "$image/guest.img"

host=$BUILD/linux/host
tree "$host"
cp "$here/host" "$host/init"
mkdir "$host/linux"
cp "$here/host.sh" "$here/common" "$host/linux/"
program "$host" "$BUILD/lem-vm"
program "$host" "$root/usr/bin/passt"
if [ "${1-}" = qemu ]; then
	qemu=$BUILD/linux-qemu/root
	program "$host" "$qemu/usr/bin/qemu-system-x86_64" \
	    "$qemu/usr/lib/x86_64-linux-gnu:$qemu/lib/x86_64-linux-gnu"
	mkdir -p "$host/usr/share/qemu"
	for name in qboot.rom pvh.bin kvmvapic.bin linuxboot_dma.bin; do
		cp "$qemu/usr/share/qemu/$name" "$host/usr/share/qemu/"
	done
fi
for name in kvm-amd tun 8021q dummy fuse; do
	module "$host" $name
done
mkdir "$host/image"
for name in vmlinuz vmlinux guest.img; do
	cp "$image/$name" "$host/image/"
done
case ${1-} in
nic)
	new_qemu
	pack "$host" "$image/nic.img"
	;;
*) pack "$host" "$image/host.img" ;;
esac

rm -rf "${image:?}/bin"
mkdir "$image/bin"
cp -P "$host"/bin/* "$image/bin/"
rm -f "$image/bin/qemu-system-x86_64"
