#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 900
#
# What a network interface has to do, by if_lem.ko in a FreeBSD guest: traffic
# both ways, byte for byte, with and without each offload; VLAN, jumbo frames,
# link, media, suspend; netmap; and each chip that QEMU has.

# shellcheck source=test/freebsd/common
. "$(dirname -- "$0")/common"

bad=0
guest functions 300 1 e1000 || bad=1
NEIGHBOUR=10.9.0.2
export NEIGHBOUR
guest netmap 120 1 e1000 || bad=1
unset NEIGHBOUR
for nic in e1000-82545em e1000-82544gc; do
	guest chips 120 1 $nic || bad=1
done
exit $bad
