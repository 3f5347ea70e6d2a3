#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A file of device/ calls only files that are further down the list at the top
# of device/e82540_impl.h, and every file is in that list.  With -v it prints
# who calls whom, and what:
#
#	test/check/layers.sh -v

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

objects=$BUILD/obj/cc/device
[ -e "$objects/e82540_main.c.o" ] || skip "$objects/e82540_main.c.o is not built"
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

sed -n 's,^ \*	\(e82540_[a-z_]*\)\.c.*,\1,p' device/e82540_impl.h >"$tmp/list"
bad=0
for file in device/*.c; do
	file=${file##*/}
	grep -qx "${file%.c}" "$tmp/list" && continue
	echo "device/e82540_impl.h: $file is not in the list"
	bad=1
done

while read -r file; do
	nm "$objects/$file.c.o" | awk -v file="$file" '
		NF == 3 && $2 ~ /[A-Z]/ { print "defines", file, $3 }
		$1 == "U" { print "uses", file, $2 }'
done <"$tmp/list" >"$tmp/symbols"
awk '$1 == "defines" { home[$3] = $2; next }
	{ user[++n] = $2; symbol[n] = $3 }
	END {
		for (i = 1; i <= n; i++)
			if (symbol[i] in home)
				print user[i], home[symbol[i]], symbol[i]
	}' "$tmp/symbols" | sort >"$tmp/calls"
[ "${1-}" != -v ] || cat "$tmp/calls"

awk 'NR == FNR { at[$1] = NR; next }
	at[$2] <= at[$1] {
		printf "%s.c calls %s() of %s.c, which is above it\n", \
		    $1, $3, $2
		bad = 1
	}
	END { exit bad }' "$tmp/list" "$tmp/calls" || bad=1
exit $bad
