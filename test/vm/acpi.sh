#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# lem-vm's ACPI tables: iasl disassembles each without an error, and compiles
# the result to the same table.

set -u
: "${SRCDIR:=$(dirname -- "$0")/../..}"
: "${BUILD:=$SRCDIR/build}"

command -v iasl >/dev/null || { echo "iasl is not here"; exit 77; }
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
bad=0

"$BUILD/host/gcc/test_acpi" "$tmp" || exit
cd "$tmp" || exit
# 3073: PCI0 has _HID and _ADR, as other machines do: FreeBSD wants both.
for table in APIC DSDT FACP FACS XSDT; do
	echo "-- $table"
	iasl -d "$table.dat" >log 2>&1 || {
		cat log
		bad=1
		continue
	}
	if grep -i -e incorrect -e unknown -e invalid log "$table.dsl"; then
		bad=1
	fi
	iasl -we -vw 3073 -p "again_$table" "$table.dsl" >log 2>&1 || {
		cat log
		bad=1
		continue
	}
	# Except the compiler's name (bytes 29 to 36), and so the checksum (10).
	cmp -l "$table.dat" "again_$table.aml" |
	    awk '$1 != 10 && ($1 < 29 || $1 > 36)' >differ
	if [ -s differ ]; then
		echo "$table: byte, lem-vm's value, iasl's value:"
		cat differ
		bad=1
	fi
	size=$(wc -c <"$table.dat")
	[ "$size" = "$(wc -c <"again_$table.aml")" ] || {
		echo "$table: iasl's table is not $size bytes long"
		bad=1
	}
done
exit $bad
