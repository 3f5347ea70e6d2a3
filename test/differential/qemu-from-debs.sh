#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# usage: sh test/differential/qemu-from-debs.sh [DIRECTORY]
#
# Gets a QEMU that has the qtest accelerator, for differential.sh, into
# DIRECTORY (build/qemu): Debian's own packages and the libraries they need,
# downloaded by apt and unpacked there.  The system is not changed: apt gets
# lists, cache and status of its own, inside of DIRECTORY.  It needs no root and
# downloads about 40 MB.  DIRECTORY/qemu-system-x86_64 runs it.
#
# Debian 12's QEMU 7.2 and 13's 10.0 have no accelerator qtest; that of
# trixie-backports (11.1) has.  From where: the servers that this machine's apt
# has Debian from.  SUITE and BACKPORTS name other suites.

set -eu
: "${BUILD:=$(dirname -- "$0")/../../build}"
: "${SUITE:=trixie}" "${BACKPORTS:=trixie-backports}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
	echo "qemu-from-debs: $*" >&2
	exit 1
}

command -v apt-get >/dev/null || die "there is no apt-get here"
[ "$(dpkg --print-architecture)" = amd64 ] || die "this machine is not amd64"
[ -r "$keyring" ] || die "$keyring is not there"
mkdir -p "${1:-$BUILD/qemu}"
dir=$(cd -- "${1:-$BUILD/qemu}" && pwd)

# Where Debian itself (not its security updates, nor anybody else) comes from.
# shellcheck disable=SC2016 # apt's variables, not the shell's
fields='$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)'
uri=$(apt-get indextargets --format "$fields" 'Created-By: Packages' |
    sed -n 's/^Debian Debian main //p' | head -n 1)
if [ -z "$uri" ]; then
	# No lists yet: the first source that mentions Debian's keys or suites.
	uri=$(sed -n -e 's/^URIs: *\([^ ]*\).*/\1/p' \
	    -e 's/^deb \(\[[^]]*\] *\)*\([^ ]*\) .* main.*/\2/p' \
	    /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list \
	    2>/dev/null | head -n 1)
fi
[ -n "$uri" ] || die "cannot tell where this machine has Debian from"

rm -rf "$dir/apt" "$dir/root"
mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/root"
: >"$dir/apt/status"
for suite in "$SUITE" "$BACKPORTS"; do
	echo "deb [signed-by=$keyring] $uri $suite main"
done >"$dir/apt/sources.list"

# apt_get ARGUMENT...: in its own world, where nothing is installed yet.
apt_get()
{
	apt-get -q -y -o Dir::Etc::SourceList="$dir/apt/sources.list" \
	    -o Dir::Etc::SourceParts=- -o Dir::Etc::Preferences=- \
	    -o Dir::Etc::PreferencesParts=- -o Dir::State="$dir/apt" \
	    -o Dir::State::Lists="$dir/apt/lists" \
	    -o Dir::State::Status="$dir/apt/status" -o Dir::Cache="$dir/apt" \
	    -o Dir::Cache::Archives="$dir/apt/archives" \
	    -o APT::Sandbox::User= -o APT::Architecture=amd64 "$@"
}

apt_get update || die "apt-get update failed"
apt_get -t "$BACKPORTS" install --download-only --no-install-recommends \
    qemu-system-x86 || die "apt-get could not download QEMU"
for deb in "$dir"/apt/archives/*.deb; do
	dpkg-deb -x "$deb" "$dir/root"
done
rm -rf "$dir/apt"

# With its own loader and libraries, as those of this machine may be too old.
lib=$dir/root/usr/lib/x86_64-linux-gnu
cat >"$dir/qemu-system-x86_64" <<END
#!/bin/sh
QEMU_MODULE_DIR='$lib/qemu'
export QEMU_MODULE_DIR
exec '$dir/root/usr/lib64/ld-linux-x86-64.so.2' --library-path '$lib' \\
    --argv0 qemu-system-x86_64 '$dir/root/usr/bin/qemu-system-x86_64' \\
    -L '$dir/root/usr/share/seabios' -L '$dir/root/usr/share/qemu' "\$@"
END
chmod 755 "$dir/qemu-system-x86_64"
"$dir/qemu-system-x86_64" --version | head -n 1
