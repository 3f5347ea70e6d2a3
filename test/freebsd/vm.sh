#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 2400
#
# FreeBSD under lem-vm: its own em(4) by each way of a doorbell, and if_lem.ko,
# byte for byte; with the exits of each packet.  lem-vm runs in the machine of
# test/vm/linux/machine, a Debian guest of QEMU's TCG whose kernel has KVM.
#
# $BUILD/test/freebsd/vm.console has what the guest printed.

# shellcheck source=test/freebsd/common
. "$(dirname -- "$0")/common"
# shellcheck source=test/vm/linux/machine
. "$SRCDIR/test/vm/linux/machine"

export BUILD
emulator=${LEM_QEMU:-$BUILD/qemu/qemu-system-x86_64}
log=$BUILD/test/freebsd/vm.console
mkdir -p "${log%/*}"
{
	[ -x "$emulator" ] ||
	    sh "$SRCDIR/test/qemu-from-debs.sh" "$BUILD/qemu"
	make --no-print-directory -C "$SRCDIR" "BUILD=$BUILD" \
	    "$BUILD/lem-vm" "$BUILD/vm/lem-traffic"
	sh "$SRCDIR/test/vm/linux/packages.sh"
} >"$tmp/packages" 2>&1 ||
    skip "no packages: $(tail -n 1 "$tmp/packages")"
sh "$SRCDIR/test/vm/linux/image.sh" || exit
image=$BUILD/linux/image

# has_entry: can the kernel begin by itself?  It needs a PVH entry
# (XEN_ELFNOTE_PHYS32_ENTRY is 18) that works without Xen and its clock (the
# nest has no CPUID leaf of frequencies), and its root in it.
has_entry()
{
	grep -q isxen "$FREEBSD_SRC/sys/x86/xen/pv.c" 2>/dev/null &&
	    grep -q i8254_delay "$FREEBSD_SRC/sys/x86/xen/pv.c" &&
	    llvm-readelf -n "$FREEBSD_KERNEL" 2>/dev/null |
	    grep -q 'type: (0x00000012)' && [ "$(mfs_bytes)" != 0 ]
}

# with_entry: the kernel, with its root, and its environment.
with_entry()
{
	[ "$(wc -c <"$tmp/root.iso")" -le "$(mfs_bytes)" ] || {
		echo "the guest's files need a larger MD_ROOT_SIZE"
		return 1
	}
	truncate -s "$(mfs_bytes)" "$tmp/root.iso"
	llvm-objcopy --update-section "oldmfs=$tmp/root.iso" \
	    "$FREEBSD_KERNEL" "$tmp/extra/freebsd/kernel" || return
	echo "$env" | sed 's,/dev/md1,/dev/md0,' >"$tmp/extra/freebsd/append"
}

# with_loader: the kernel and its root are the initrd of ../boot.
with_loader()
{
	cp "$tools/boot64.elf" "$tmp/extra/freebsd/kernel"
	cat "$FREEBSD_KERNEL" "$tmp/root.iso" >"$tmp/extra/freebsd/initrd"
	echo "$(wc -c <"$FREEBSD_KERNEL") $env" >"$tmp/extra/freebsd/append"
}

# What that machine has besides: the guest, and how it is run.
extra()
{
	root_image vm || return
	mkdir -p "$tmp/extra/freebsd" "$tmp/extra/bin"
	cp "$SRCDIR/test/freebsd/vm/host.sh" "$tmp/extra/freebsd/"
	cp "$tools/peer" "$tmp/extra/bin/"
	if has_entry; then
		echo "FreeBSD begins by its own PVH entry"
		with_entry || return
	else
		echo "FreeBSD has no PVH entry, or no MD_ROOT_SIZE: by \
test/freebsd/boot"
		with_loader
	fi
	cp "$image/host.img" "$tmp/host.img"
	(cd "$tmp/extra" && find . | "$image/bin/busybox" cpio -o -H newc \
	    2>/dev/null) >>"$tmp/host.img"
}

# per_packet: "auto: 8502 packets a second, 1.3 exits a packet", for each flood.
per_packet()
{
	awk '/^host: exits / { exits[$3] = $4 - last; last = $4; word = $3 }
	    /^flood / { pps = $3; sent = $5; on = 1 }
	    /^host: exits / && on {
		printf "%s: %d packets a second, %.2f exits a packet\n", word,
		    pps, exits[word] / sent
		on = 0
	    }' "$1"
}

extra || exit
processor=$(taskset -pc $$ | sed 's/.*: //; s/[-,].*//')
(machine 1800 "$processor" "$emulator" 2048 "$image/vmlinux" "$tmp/host.img" \
    lem.freebsd=1 "$tmp/out") >"$log" 2>&1 </dev/null
tr -d '\r' <"$log" >"$tmp/log"
per_packet "$tmp/log"
grep -a -e '^FAIL' -e '^END' -e "^lem-vm" "$tmp/log"
wrong=0
grep -qa '^END 0 failed' "$tmp/log" || wrong=1
grep -qa "^lem-vm's exit status: 0" "$tmp/log" || wrong=1
if grep -a -e '^panic' -e 'KDB: enter' -e 'Fatal trap' -e 'on-standard' \
    "$tmp/log"; then
	wrong=1
fi
if ours "$tmp/log"; then
	wrong=1
fi
[ $wrong = 0 ] || tail -n 25 "$tmp/log"
exit $wrong
