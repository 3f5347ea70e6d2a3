#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# timeout: 300
#
# Our model against QEMU's e1000: see main.c, and `differences` for what came
# of it.  Which QEMU: $QEMU_QTEST; else that of PATH; else the one that
# qemu-from-debs.sh put into build/qemu.  One with the accelerator qtest, whose
# clock can be stepped, comes first; with one that has not all scripts run but
# those about time.
#
# usage: test/differential/differential.sh [OPTION...]	(of main.c)

set -u
here=$(cd -- "$(dirname -- "$0")" && pwd) || exit
: "${BUILD:=$here/../../build}"
: "${DIFFERENTIAL:=$BUILD/differential/differential}"

skip()
{
	echo "$*"
	exit 77
}

# has QEMU ACCELERATOR: does it start with it, and speak qtest?
has()
{
	echo 'inl 0xcf8' | timeout 20 "$1" -M none -display none -nodefaults \
	    -accel "$2" -qtest stdio -qtest-log none -S >/dev/null 2>&1
	case $? in
	0 | 124) return 0 ;;
	*) return 1 ;;
	esac
}

[ -x "$DIFFERENTIAL" ] || {
	echo "$DIFFERENTIAL is not there: make check-build"
	exit 1
}
if [ -n "${QEMU_QTEST-}" ]; then
	command -v "$QEMU_QTEST" >/dev/null || {
		echo "QEMU_QTEST=$QEMU_QTEST: there is no such program"
		exit 1
	}
	candidates=$QEMU_QTEST
else
	candidates="qemu-system-x86_64 $BUILD/qemu/qemu-system-x86_64"
fi

for accelerator in qtest tcg; do
	for qemu in $candidates; do
		command -v "$qemu" >/dev/null || continue
		has "$qemu" $accelerator && break 2
	done
	qemu=''
done
if [ -z "$qemu" ]; then
	[ -z "${QEMU_QTEST-}" ] || {
		echo "QEMU_QTEST=$QEMU_QTEST has neither qtest nor tcg"
		exit 1
	}
	skip "no QEMU here: apt-get install qemu-system-x86," \
	    "or sh test/qemu-from-debs.sh"
fi
version=$("$qemu" --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')
[ "$accelerator" = qtest ] || {
	echo "$qemu has no accelerator qtest: scripts about time are left out"
	set -- -t "$@"
}
exec "$DIFFERENTIAL" "$@" "$qemu" "$version" "$here/differences"
