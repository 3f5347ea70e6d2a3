#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Runs a FreeBSD guest under lem-vm, in a guest of QEMU (../vm.sh; its init is
# test/vm/linux/host).  PATH has busybox under its names, lem-vm and peer; WORK
# is a folder.  /freebsd has the kernel, append for it, and perhaps an initrd.
# The first line is "HOST BEGINS", the last "END host".

echo "HOST BEGINS"

nics=''
n=0
for way in auto exit mapped; do
	tunctl -t "tap$n" >/dev/null
	ip addr add "10.9.$n.1/24" dev "tap$n"
	ip link set "tap$n" up
	nics="$nics --nic mac=52:54:00:00:00:0$n,doorbell=$way,backend=tap,ifname=tap$n"
	n=$((n + 1))
done
peer "$WORK/control" &
initrd=''
[ ! -e /freebsd/initrd ] || initrd="--initrd /freebsd/initrd"
# shellcheck disable=SC2086 # words
timeout 900 lem-vm run --kernel /freebsd/kernel $initrd \
    --append "$(cat /freebsd/append)" --memory 512M --cpus 1 \
    --control "$WORK/control" $nics 2>&1 </dev/null
echo "lem-vm's exit status: $?"
echo "END host"
