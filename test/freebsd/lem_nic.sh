#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 900
#
# lem-nic as the NIC of a FreeBSD guest: the kernel's own em(4), with INTx and
# MSI, and if_lem.ko.  The QEMU is LEM_QEMU, 10.1 or later, or that of
# ../qemu-from-debs.sh.

: "${BUILD:=$(dirname -- "$0")/../../build}"
: "${QEMU:=${LEM_QEMU:-$BUILD/qemu/qemu-system-x86_64}}"
# shellcheck source=test/freebsd/common
. "$(dirname -- "$0")/common"
"$QEMU" -machine none -device vfio-user-pci,help 2>/dev/null |
    grep -q socket || skip "$QEMU has no vfio-user-pci"
[ -z "$as_root" ] || skip "needs root"

bad=0
guest em 120 1 lem-nic,doorbell=trap || bad=1
guest em 120 2 lem-nic,model=82545em,msi=on || bad=1
guest chips 120 1 lem-nic,doorbell=trap || bad=1
exit $bad
