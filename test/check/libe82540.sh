#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# libe82540 as "make install-lib" installs it, which builds nothing else: the shared library exports the
# functions of e82540.h, all of them and nothing else, with their version; the
# header needs no other header of this tree, in C and in C++; the man page has
# every function; its example compiles without a warning with the flags of
# pkg-config, runs, and prints the interrupt and the cause that the page says.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
# Not where pkg-config's file would have it without LIBDIR.
lib=$tmp/usr/lib/there
if ! make -s install-lib BUILD="$BUILD" PREFIX="$tmp/usr" LIBDIR="$lib" \
    DESTDIR= >"$tmp/log" 2>&1; then
	cat "$tmp/log"
	exit 1
fi
page=man/libe82540.3
include=$tmp/usr/include
version=$(sed -n 's/^SOVERSION = //p' Makefile)
library=$lib/libe82540.so.$version
bad=0

if make -n install-lib V=1 BUILD="$tmp/build" 2>&1 |
    grep -E 'iasl|seccomp| (host|bench|driver)/'; then
	echo "install-lib builds more than the library"
	bad=1
fi

# differ WHAT WANTED FOUND: two files of $tmp must be equal.
differ()
{
	diff "$tmp/$2" "$tmp/$3" >"$tmp/diff" && return
	echo "$1: '<' wanted, '>' found:"
	cat "$tmp/diff"
	bad=1
}

# must WHAT COMMAND...: a command that must succeed.
must()
{
	what=$1
	shift
	"$@" >"$tmp/log" 2>&1 && return
	echo "$what: $*"
	cat "$tmp/log"
	bad=1
}

# public: the functions of e82540.h, one a line.
public()
{
	grep -oE '\<e82540_[a-z_]+\(' "$include/e82540.h" | tr -d '(' |
	    LC_ALL=C sort -u
}

public | sed "s/\$/@@LIBE82540_$version/" >"$tmp/wanted"
nm -D --defined-only --with-symbol-versions "$library" |
    awk '$2 != "A" { print $3 }' | LC_ALL=C sort >"$tmp/found"
differ "exported by $library" wanted found

echo "libe82540.so.$version" >"$tmp/wanted"
readelf -d "$library" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p' >"$tmp/found"
differ "soname" wanted found

if grep -n 'E1000_' "$include/e82540.h"; then
	echo "e82540.h: these constants are of a header that is not installed"
	bad=1
fi
echo '#include <e82540.h>' >"$tmp/user.c"
strict="-Wall -Wextra -Wpedantic -Werror -fsyntax-only"
# shellcheck disable=SC2086 # options
must "e82540.h in C" "$CC" -std=c11 $strict -I"$include" "$tmp/user.c"
# A gcc without g++ does not compile C++; a clang always does.
cplusplus=''
for compiler in "$CC" clang; do
	"$compiler" -x c++ -fsyntax-only /dev/null 2>/dev/null || continue
	cplusplus=$compiler
	break
done
if [ -n "$cplusplus" ]; then
	# shellcheck disable=SC2086
	must "e82540.h in C++" "$cplusplus" -x c++ -std=c++11 $strict \
	    -I"$include" "$tmp/user.c"
	cp test/check/host.cc "$tmp/host.cc"
	must "a host in C++" "$cplusplus" -std=c++11 -Wall -Wextra -Wpedantic \
	    -Werror -fno-exceptions -fno-rtti -I"$include" -o "$tmp/host" \
	    "$tmp/host.cc" -L"$lib" -le82540
	LD_LIBRARY_PATH=$lib must "a host in C++, run" "$tmp/host" \
	    "$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)"
else
	echo "no C++ compiler: e82540.h is not tried in C++"
fi

for name in $(public); do
	grep -qE "^\.F[no] $name( |\$)" "$page" && continue
	echo "$page: without $name()"
	bad=1
done

flags="-I$include -L$lib -le82540"
if command -v pkg-config >/dev/null; then
	flags=$(PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags \
	    --libs e82540) || exit
else
	echo "no pkg-config: e82540.pc is not tried"
fi
sed -n '/^\.Bd -literal/,/^\.Ed/p' "$page" | sed -e '/^\.[BE]d/d' \
    -e 's/\\e/\\/g' >"$tmp/example.c"
# shellcheck disable=SC2086
must "the example" "$CC" -std=c11 -Wall -Wextra -Werror -o "$tmp/example" \
    "$tmp/example.c" $flags
readelf -d "$tmp/example" | grep -q "NEEDED.*\[libe82540.so.$version\]" || {
	echo "the example does not need libe82540.so.$version"
	bad=1
}
printf 'INTA# 1\nINTA# 0\nICR 0x4\n' >"$tmp/wanted"
LD_LIBRARY_PATH=$lib "$tmp/example" >"$tmp/found"
differ "what the example says" wanted found
exit $bad
