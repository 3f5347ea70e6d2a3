#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The first process of a system that install.sh boots: says which driver the NIC
# has.  If that is lem, gives the NIC to e1000 and back, as lem-linux(4) says.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sysfs /sys 2>/dev/null
mount -t devtmpfs devtmpfs /dev 2>/dev/null

say()
{
	echo "lem-test: $*" >/dev/console
}

for device in /sys/bus/pci/devices/*; do
	[ "$(cat "$device/class")" != 0x020000 ] || nic=$device
done

driver()
{
	basename "$(readlink "$nic/driver")"
}

# ping: through the NIC to QEMU.
through()
{
	name=$(ls "$nic/net")
	ip link set "$name" up
	ip address replace 10.0.2.15/24 dev "$name"
	ping -q -c 3 -W 20 10.0.2.2 >/dev/console 2>&1 && say ping
}

# override DRIVER
override()
{
	echo "$1" >"$nic/driver_override"
	basename "$nic" >"$nic/driver/unbind"
	basename "$nic" >/sys/bus/pci/drivers_probe
	say "override driver $(driver)"
}

say "driver $(driver)"
if [ "$(driver)" = lem ]; then
	through
	modprobe e1000
	override e1000
	override lem
	through
fi
echo o >/proc/sysrq-trigger
sleep 100
