#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The example of libe82540(3) compiles without a warning, runs, and gets the
# interrupt and the cause that it is said to get; every public function is in
# the page.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

page=man/libe82540.3
tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT

sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | sed -e '/^\.[BE]d/d' \
    -e 's/\\e/\\/g' >"$tmp/example.c"
"$CC" -std=c11 -Wall -Wextra -Werror -Ihw -Idevice -o "$tmp/example" \
    "$tmp/example.c" device/*.c || exit
"$tmp/example" >"$tmp/out" || exit
printf 'INTA# 1\nINTA# 0\nICR 0x4\n' | diff - "$tmp/out" || exit

bad=0
for name in $(grep -oE '\<e82540_[a-z_]+\(' device/e82540.h | tr -d '(' |
    sort -u); do
	grep -qE "^\.F[no] $name( |\$)" "$page" && continue
	echo "$page: without $name()"
	bad=1
done
exit $bad
