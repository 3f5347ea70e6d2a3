#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# mandoc finds nothing wrong with the man pages.  A program's page has the
# options that its --help has, no more and no less, all its keys of --nic with
# their values, and for each of them the default that --help has in brackets.

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

# defaults: "--option default" and "key= default" of a --help.
defaults()
{
	awk '
	function item_end() {
		if (match(text, /\(default: [^ ;)]+/))
			print name, substr(text, RSTART + 10, RLENGTH - 10)
		else if (match(text, /\([^ ()]+( and up)?\):?( |$)/))
			print name, substr(text, RSTART + 1, RLENGTH - 1)
		text = ""
	}
	/^  --/ || /^      [a-z]+=/ {
		item_end()
		name = $1
		sub(/=.*/, "=", name)
	}
	/^$/ { item_end() }
	{ text = text (text == "" ? "" : " ") $0; gsub(/  +/, " ", text) }' |
	    sed -e 's/ and up//' -e 's/):* *$//' -e 's/ \$/ /' |
	    grep -v -e ' default$' -e ' the$'
}

# item NAME: the paragraphs of an option or a key in a page without bold, as one
# line.
item()
{
	awk -v name="$1" '
	/^ ? ? ? ? ?[^ ]/ {
		inside = $1 == name || (name ~ /=$/ && index($1, name) == 1)
	}
	inside { printf "%s ", $0 }' | tr -s ' '
}

# default_is TEXT VALUE: does the text say so?
default_is()
{
	case $1 in
	*[Tt]'he default is that '*"$2"* | *[Tt]'he default is as '*"$2"*) ;;
	*[Tt]'he default is '*) # the quotes of mandoc
		said=$(echo "$1" | sed -e "s/[\`']//g" \
		    -e 's/.*[Tt]he default is //' -e 's/[.,;]* .*//')
		[ "$said" = "$2" ]
		;;
	*"$2"*default*) ;;
	*) return 1 ;;
	esac
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
	mandoc -Tascii -Owidth=200 "$page" | sed "s/.$(printf '\b')//g" |
	    expand >"$tmp/wide"
	"$program" --help | defaults >"$tmp/defaults"
	while read -r name value; do
		default_is "$(item "$name" <"$tmp/wide")" "$value" || {
			echo "$page: $name: the default is not $value"
			bad=1
		}
	done <"$tmp/defaults"
	if ! diff "$tmp/help" "$tmp/page"; then
		echo "$page: '<' only in --help, '>' only in the page"
		bad=1
	fi
done

# linux_names: of lem.ko, one a line.
linux_names()
{
	sed -n -e 's/^module_param(\([a-z0-9_]*\),.*/\1/p' \
	    -e 's/^\tSTAT("\([a-z0-9_]*\)",.*/\1/p' \
	    -e 's/^\t{ "\([a-z0-9_]*\)", .*/\1/p' \
	    -e 's/.*ethtool_sprintf(&to, "\([a-z0-9_]*\)");/\1/p' \
	    driver/os/linux/*.c
	sed -n '/ priv_flags\[\]/,/};/p' driver/os/linux/*.c |
	    grep -o '"[a-z0-9-]*"' | tr -d '"'
}

mandoc -Tascii -Owidth=200 man/lem-linux.4 | sed "s/.$(printf '\b')//g" \
    >"$tmp/text"
linux_names >"$tmp/names"
for name in send_combining send-combining tx_deferred rx_broadcast itr_ns; do
	grep -qx -e "$name" "$tmp/names" || {
		echo "lem.ko has no $name, or this test does not find it"
		bad=1
	}
done
while read -r name; do
	grep -qw -e "$name" "$tmp/text" || {
		echo "man/lem-linux.4: has no $name"
		bad=1
	}
done <"$tmp/names"
exit $bad
