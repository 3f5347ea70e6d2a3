#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# ./lem on machines that lack things: a copy of it in a folder of its own, a
# PATH of stand-ins for what the machine has, and an apt-get that "installs"
# more stand-ins.  Nothing is installed here, nothing is fetched.

# shellcheck source=test/check/common
. "$(dirname -- "$0")/common"

tmp=$(mktemp -d) || exit
trap 'rm -rf "$tmp"' EXIT
home="$tmp/a house"
bad=0

complain()
{
	echo "$test: $*"
	sed 's/^/  out: /' "$tmp/out"
	sed 's/^/  err: /' "$tmp/err"
	bad=1
}

# machine TOOL...: a PATH of what every Debian has and these stand-ins.
machine()
{
	rm -rf "${tmp:?}/bin" "$home"
	mkdir -p "$tmp/bin" "$home/build"
	cp lem "$home/lem"
	for tool in awk cat chmod env getconf grep id ls mkdir mktemp mv \
	    readlink rm sed sh tail tee uname; do
		ln -s "$(command -v "$tool")" "$tmp/bin/$tool"
	done
	for tool; do
		stand_in "$tool"
	done
}

# stand_in NAME
stand_in()
{
	case $1 in
	make)
		cat >"$tmp/bin/make" <<END
#!$tmp/bin/sh
echo "make \$*" >>"$tmp/calls"
[ ! -e "$tmp/make-fails" ] || { echo "main.c:1: error"; exit 2; }
END
		;;
	apt-get)
		cat >"$tmp/bin/apt-get" <<END
#!$tmp/bin/sh
echo "apt-get \$*" >>"$tmp/calls"
[ ! -e "$tmp/apt-fails" ] || { echo "E: no such luck"; exit 100; }
case " \$* " in
*" update "*) echo >"$tmp/lists" ;;
*)	[ -e "$tmp/lists" ] || exit 100
	cd "$tmp/installs" && for tool in *; do
		mv "\$tool" "$tmp/bin/\$tool"
	done ;;
esac
END
		cat >"$tmp/bin/apt-cache" <<END
#!$tmp/bin/sh
[ -e "$tmp/lists" ] || [ -e "$tmp/old-lists" ]
END
		chmod +x "$tmp/bin/apt-cache"
		;;
	sudo)
		cat >"$tmp/bin/sudo" <<END
#!$tmp/bin/sh
echo "sudo \$*" >>"$tmp/calls"
exec "\$@"
END
		;;
	id-user) # an ordinary user
		rm -f "$tmp/bin/id"
		printf '#!%s\necho 1000\n' "$tmp/bin/sh" >"$tmp/bin/id"
		chmod +x "$tmp/bin/id"
		return
		;;
	*) printf '#!%s\n' "$tmp/bin/sh" >"$tmp/bin/$1" ;;
	esac
	chmod +x "$tmp/bin/$1"
}

# Moves stand-ins to where apt-get "installs" them from.
apt_has()
{
	rm -rf "$tmp/installs"
	mkdir "$tmp/installs"
	for tool; do
		stand_in "$tool"
		mv "$tmp/bin/$tool" "$tmp/installs/$tool"
	done
}

# lem STATUS ARGUMENT...: runs it somewhere else, and wants that status.
lem()
{
	want=$1
	shift
	: >"$tmp/calls"
	(
		cd "$tmp" || exit
		PATH=$tmp/bin TERM=dumb exec "$tmp/bin/sh" "$home/lem" "$@"
	) >"$tmp/out" 2>"$tmp/err"
	status=$?
	[ $status = "$want" ] || complain "exit status $status, not $want"
}

# says FILE TEXT / says_not FILE TEXT / lines FILE NUMBER
says()
{
	grep -qF -e "$2" "$tmp/$1" || complain "$1 does not say: $2"
}

says_not()
{
	! grep -qF -e "$2" "$tmp/$1" || complain "$1 says: $2"
}

lines()
{
	[ "$(awk 'END { print NR }' "$tmp/$1")" = "$2" ] ||
	    complain "$1: not $2 lines"
}

toolchain='make gcc objcopy iasl'
packages='make gcc libc6-dev binutils acpica-tools libseccomp-dev libjansson-dev'

test="help"
machine
for word in help --help -h; do
	lem 0 $word
	says out "usage: ./lem COMMAND"
	lines err 0
done
for command in bench bench-linux bench-pair build check check-deb \
    check-debug-kernel check-freebsd \
    check-linux check-linux-driver check-nic coverage deb fuzz install install-lib; do
	says out "  $command "
done
lem 0 check X=1 --help
says out "usage: ./lem COMMAND"

test="usage"
lem 2
says err "usage: ./lem COMMAND"
lem 2 benhc
says err "unknown command 'benhc'"
for words in 'build benhc' 'install PREFIX' 'check --fast' 'fuzz 60' \
    'build X=1 -x'; do
	# shellcheck disable=SC2086 # words
	lem 2 $words
	says err "lem: ${words##* }: unexpected argument"
	lines err 1
done
for seconds in '' 0 -1 1.5 long; do
	lem 2 fuzz "SECONDS=$seconds"
	says err "lem: SECONDS=$seconds: must be a number of seconds"
done
lem 2 check-freebsd FREEBSD_KERNEL=/x FREEBSD_SRC=
says err "lem: check-freebsd needs FREEBSD_SRC="
lem 2 check-freebsd FREEBSD_SRC=/x
says err "lem: check-freebsd needs FREEBSD_KERNEL="
lines out 0
lines err 1

test="no apt-get"
machine
lem 1 build
lines err 1
says err "missing: make, gcc, C library headers, objcopy, iasl, seccomp, jansson;"
says err "Debian calls $packages"
# shellcheck disable=SC2086 # words
machine $toolchain
lem 1 bench
lines err 1
says err "missing: qemu-system-x86_64;"
lem 1 build CC=icc
lines err 1
says err "CC=icc: no such command"

test="all there"
# shellcheck disable=SC2086
machine $toolchain
lem 0 build X=1
says calls "-C $home"
says calls "build X=1"
lines err 0
lem 0 check-linux
says calls "check-linux"
lines err 0

test="bench"
# shellcheck disable=SC2086
machine $toolchain qemu-system-x86_64
cat >"$home/build/lem-bench" <<'END'
#!/bin/sh
pwd
printf '<%s>' "$@"
exit 7
END
chmod +x "$home/build/lem-bench"
lem 7 bench --json 'a b.json' --help
lines err 0
says out '<--json><a b.json><--help>'
says out "$tmp"
says_not out "$home"
echo >"$tmp/make-fails"
lem 1 bench
says err "main.c:1: error"
says err "the build failed"
lem 1 check
lem 1 build
rm "$tmp/make-fails"
rm "$tmp/bin/qemu-system-x86_64"
lem 7 bench --qemu /opt/qemu
lem 7 bench --list

test="bench, QEMU too old for lem-nic"
# shellcheck disable=SC2086
machine $toolchain qemu-system-x86_64
mkdir "$home/test"
cat >"$home/build/lem-bench" <<'END'
#!/bin/sh
case "$*" in *--list*) echo "nic.x skipped: qemu has no vfio-user-pci" ;; esac
printf '<%s>' "$@"
END
chmod +x "$home/build/lem-bench"
cat >"$home/test/qemu-from-debs.sh" <<END
echo "fetch \$BUILD" >>"$tmp/calls"
echo "no net"
exit 1
END
lem 0 bench --runs 2
says calls "fetch $home/build"
says err "fetching Debian's into build/qemu"
says err "no such QEMU: no net; going on without lem-nic"
says out '<--runs><2>'
for option in --no-fetch --list --help; do
	lem 0 bench --runs 2 "$option"
	says_not calls fetch
	lines err 0
	says_not out no-fetch
done

test="by a link"
ln -s "$home/lem" "$tmp/link"
(PATH=$tmp/bin "$tmp/link" build) >"$tmp/out" 2>"$tmp/err" ||
    complain "exit status $?"
says calls "-C $home"

test="apt-get, its lists missing"
machine apt-get
# shellcheck disable=SC2086
apt_has $toolchain
lem 0 build
says err "'build' needs these packages"
says err "make                runs the build"
says calls "update"
says calls "install --no-install-recommends $packages"
says_not calls sudo
says calls "build"

test="apt-get, its lists old"
rm "$tmp/lists"
echo >"$tmp/old-lists"
machine apt-get
# shellcheck disable=SC2086
apt_has $toolchain
lem 0 build
[ "$(grep -c 'apt-get.* install ' "$tmp/calls")" = 2 ] ||
    complain "no second try"
says calls "update"

test="apt-get fails"
machine apt-get
echo >"$tmp/apt-fails"
lem 1 build
says err "E: no such luck"
says err "apt-get cannot install $packages"
rm "$tmp/apt-fails"

test="not root"
machine apt-get id-user
lem 1 build
lines err 1
says err "this system has no sudo"
says err "apt-get install --no-install-recommends $packages"
lines calls 0
machine apt-get id-user sudo
# shellcheck disable=SC2086
apt_has $toolchain
lem 0 build
says calls "sudo env DEBIAN_FRONTEND=noninteractive apt-get"
says_not calls "sudo make"

test="another machine"
# shellcheck disable=SC2086
machine $toolchain
rm "$tmp/bin/uname"
printf '#!%s\necho riscv64\n' "$tmp/bin/sh" >"$tmp/bin/uname"
chmod +x "$tmp/bin/uname"
lem 1 build
lines err 1
says err "riscv64"
rm "$tmp/bin/iasl"
lem 0 install-lib LIBDIR=/x
lines err 0
says calls "install-lib LIBDIR=/x"

exit $bad
