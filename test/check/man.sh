#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mandoc finds nothing wrong with the man pages.  A program's page has the
# options that its --help has, no more and no less, and all its keys of --nic
# with their values.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

command -v mandoc >/dev/null || skip "mandoc is not here"
pages=$(sources '*.[1-9]')
[ -n "$pages" ] || skip "no man pages"

bad=0
for page in $pages; do
	mandoc -Tlint -Wwarning "$page" || bad=1
done

# options: the long options in a text, one a line.
options()
{
	grep -oE -e '--[a-z][a-z0-9-]*' | sort -u
}

# keys: the lines "      KEY=VALUE|VALUE ..." of a text, as words: KEY=, and the
# values that are not in capitals.
keys()
{
	sed -n 's/^      \([a-z]*=\)\([^ ]*\).*/\1 \2/p' | tr '|' ' ' |
	    tr ' ' '\n' | grep -v '[A-Z]' | grep . | sort -u
}

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
for page in $pages; do
	program=${page##*/}
	program=$BUILD/${program%.[1-9]}
	[ -x "$program" ] || continue
	"$program" --help | options >"$tmp/help"
	# A terminal's bold is "c, backspace, c".
	mandoc -Tascii "$page" | sed "s/.$(printf '\b')//g" >"$tmp/text"
	options <"$tmp/text" >"$tmp/page"
	for word in $("$program" --help | keys); do
		case $word in
		*=) grep -qF -e "$word" "$tmp/text" ;;
		*) grep -qw -e "$word" "$tmp/text" ;;
		esac || {
			echo "$page: has no $word"
			bad=1
		}
	done
	if ! diff "$tmp/help" "$tmp/page"; then
		echo "$page: '<' only in --help, '>' only in the page"
		bad=1
	fi
done
exit $bad
