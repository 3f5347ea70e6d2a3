#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 900
#
# if_lem.ko in a FreeBSD guest: everything that changes a running interface,
# while it is busy, on one virtual CPU and on two.

# shellcheck source=test/freebsd/common
. "$(dirname -- "$0")/common"

bad=0
for cpus in 1 2; do
	guest load 400 $cpus e1000 || bad=1
done
exit $bad
