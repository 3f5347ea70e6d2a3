# SPDX-License-Identifier: BSD-2-Clause
#
# make build      every user-space program and library, in build/
# make bench      build/lem-bench ARGS="..."
# make bench-pair build/bench_pair ARGS="..."
# make install    PREFIX=/usr/local LIBDIR=$(PREFIX)/lib DESTDIR=
# make install-lib    the same, only libe82540: on any processor
# make deb        Debian packages, in build/deb
# make clean
#
# test/tests.mk:
# make check      all tests; see test/run
# make check-tidy     clang-tidy, with its analysis of paths for tests, too
# make check-deb      the packages, installed in a bare Debian; SUITES=...
# make check-linux    the long tests with a Linux guest
# make check-linux-driver  the long tests of lem.ko in QEMU
# make check-debug-kernel  the same in a kernel that looks for bugs; built here
# make check-nic      the long tests of lem-nic in QEMU
# make bench-doorbells ARGS="--runs 9"  lem-vm's auto, exit, mapped side by side
# make bench-doorbells-tcg  the same of a Linux guest, inside of QEMU's TCG
# make bench-linux    TCP streams of a Linux guest, beside QEMU's
# make bench-nic-tcg  UDP of a Linux guest without KVM: lem-nic beside QEMU's
# make bench-nic-delays  lem-nic's first packet after some quiet, idle, busy
# make fuzz SECONDS=N
# make coverage   line coverage of driver/ and device/ by the tests
#
# driver/os/freebsd/freebsd.mk:
# make freebsd    if_lem.ko, cross-compiled on Linux; FREEBSD_SRC=DIR
# make check-freebsd  its tests; FREEBSD_KERNEL=FILE, too
#
# driver/os/linux/linux.mk:
# make linux      lem.ko, for the kernel whose headers are in KDIR
# make install-dkms  its source, for DKMS, and its man page; DKMSDIR=/usr/src
#
# ./lem installs the packages that these need, then calls make.

SRCDIR	:= $(CURDIR)
BUILD	= build
# One spelling, whatever the command line has: the dependencies name the objects.
override BUILD := $(patsubst $(CURDIR)/%,%,$(abspath $(BUILD)))
OBJ	= $(BUILD)/obj
PREFIX	?= /usr/local
LIBDIR	?= $(PREFIX)/lib
CC	= gcc
OBJCOPY	?= objcopy
# The version is that of debian/changelog.
VERSION	:= $(patsubst (%),%,$(word 2,$(file <debian/changelog)))
SOVERSION = 2
MAKEFLAGS += --no-builtin-rules

CFLAGS	?= -O2 -g
WARN	= -Wall -Wextra
USERFLAGS = -std=c11 -D_GNU_SOURCE -Ihw -Idriver -Idevice -Ibench \
	  -Ibench/guest -Ihost -DLEM_VERSION='"$(VERSION)"' -pthread
HOSTFLAGS = -std=c11 -D_GNU_SOURCE -Ihw -Idevice -Ihost -Ihost/vm \
	  -Ihost/vfio_user -Ihost/stat -I$(BUILD)/host \
	  -DLEM_VERSION='"$(VERSION)"' -pthread
DEVFLAGS = -std=c11 -Ihw -Idevice -fPIC -fvisibility=hidden \
	  -DLEM_VERSION='"$(VERSION)"'
# The core is called a packet at a time: without calls TCG runs it 1.2 times as
# fast.  (clang would need lld for it.)
LTO	= $(if $(findstring clang,$(CC)),,-flto)
GUEST	= -std=c11 -O3 -m64 -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	  -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	  -fno-asynchronous-unwind-tables -ffunction-sections $(LTO) \
	  -Ihw -Idriver -Idriver/os/bare -Ibench -Ibench/guest

CORE	= $(sort $(wildcard driver/*.c))
BARE	= driver/os/bare/start.S driver/os/bare/bare.c
GUESTS	= $(BARE) $(CORE) $(sort $(wildcard bench/guest/*.c))
# What every program's command line needs.
COMMAND	= host/command.c host/err.c host/opts.c
BENCH	= $(sort $(wildcard bench/*.c)) $(COMMAND)
DEVICE	= $(sort $(wildcard device/*.c))
# Of both host programs, of lem-vm alone, of lem-nic alone.
BACKEND	= $(sort $(wildcard host/*.c))
VMM	= $(sort $(wildcard host/vm/*.c))
VFIO_USER = $(sort $(wildcard host/vfio_user/*.c))
HOST_LIBS = -lseccomp

# V=1 shows whole commands.
say	= $(if $(V),,@echo '  $(1) $@';)

all: build
build: $(BUILD)/lem-bench $(BUILD)/lem-vm $(BUILD)/lem-nic $(BUILD)/lem-stat \
    $(BUILD)/libe82540.a $(BUILD)/libe82540.so $(BUILD)/bench_pair

# --- objects --------------------------------------------------------------
#
# $(OBJ)/FLAVOUR/SOURCE.o is SOURCE, compiled with the flavour's options; the
# compiler writes beside it which headers it depends on.

# objects FLAVOUR,SOURCES
objects = $(patsubst %,$(OBJ)/$(1)/%.o,$(2))

# compile FLAVOUR,FOLDER,COMMAND: the rule for the sources under FOLDER ("" or
# "dir/"); the rule with the longest FOLDER wins.
define compile
$(OBJ)/$(1)/$(2)%.o: $(2)% $(BUILD)/flags \
    $(if $(filter host/,$(2)),| $(BUILD)/host/dsdt.hex)
	@mkdir -p $$(@D)
	$$(call say,CC)$(3) $$(WARN) $$(WERROR.$(firstword $(3))) \
	    -MMD -MP -c -o $$@ $$<
endef

-include $(shell [ ! -d $(OBJ) ] || find $(OBJ) -name '*.d')

# In what a check compiles, a warning is an error.  (Objects of a build before
# it stay: make has shown their warnings then.)  Not with a compiler that is
# newer than the reference, Debian 12's: it warns of more, and must not stop a
# newcomer.
no_newer = $(shell [ "$$($(1) -dumpversion | sed 's/\..*//')" -le $(2) ] && \
	  echo -Werror)
ifneq ($(filter check%,$(MAKECMDGOALS)),)
WERROR.gcc := $(call no_newer,gcc,12)
WERROR.clang := $(call no_newer,clang,14)
endif

# --- the bare-metal guest -------------------------------------------------

$(eval $(call compile,guest,,$(CC) $(GUEST)))

$(BUILD)/guest/payload.elf: $(call objects,guest,$(GUESTS)) \
    driver/os/bare/payload.ld
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(GUEST) -nostdlib -static -Wl,--build-id=none \
	    -Wl,--gc-sections -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack \
	    -T driver/os/bare/payload.ld -o $@ $(filter %.o,$^)

$(BUILD)/guest/payload.bin: $(BUILD)/guest/payload.elf
	$(call say,COPY)$(OBJCOPY) -O binary -j .text -j .rodata -j .data $< $@

$(BUILD)/guest/rom.o: driver/os/bare/rom.S $(BUILD)/guest/payload.bin
	$(call say,CC)$(CC) -m32 -c -Wa,-I,$(BUILD)/guest -o $@ $<

$(BUILD)/guest.bin: $(BUILD)/guest/rom.o driver/os/bare/rom.ld
	$(call say,LD)ld -m elf_i386 --no-warn-rwx-segments \
	    -T driver/os/bare/rom.ld -o $(BUILD)/guest/rom.elf $<
	$(call say,COPY)$(OBJCOPY) -O binary $(BUILD)/guest/rom.elf $@

# --- lem-bench ------------------------------------------------------------

IMAGE	= $(OBJ)/cc/bench/image.S.o

$(eval $(call compile,cc,bench/,$(CC) $(USERFLAGS) $(CPPFLAGS) \
    $(CFLAGS)))

$(IMAGE): bench/image.S $(BUILD)/guest.bin
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -c -Wa,-I,$(BUILD) -o $@ $<

$(BUILD)/lem-bench: $(call objects,cc,$(BENCH)) $(IMAGE)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ -lm

bench: build $(if $(FREEBSD_SRC),freebsd-bench)
	$(BUILD)/lem-bench $(ARGS)

# --- bench_delays ---------------------------------------------------------

DELAYS	= bench/delays/bench_delays.c $(filter-out bench/lem_bench.c,$(BENCH))

$(BUILD)/bench_delays: $(call objects,cc,$(DELAYS)) $(IMAGE)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ -lm

bench-nic-delays: $(BUILD)/bench_delays $(BUILD)/lem-nic
	[ -x $(BUILD)/qemu/qemu-system-x86_64 ] || \
	    sh test/qemu-from-debs.sh $(BUILD)/qemu
	$(BUILD)/bench_delays $(BUILD)

# --- libe82540 ------------------------------------------------------------

$(eval $(call compile,cc,device/,$(CC) $(DEVFLAGS) $(CPPFLAGS) \
    $(CFLAGS)))

$(BUILD)/libe82540.a: $(call objects,cc,$(DEVICE))
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(BUILD)/libe82540.so: $(call objects,cc,$(DEVICE)) device/libe82540.map
	$(call say,LD)$(CC) $(LDFLAGS) -shared -Wl,-soname,libe82540.so.$(SOVERSION) \
	    -Wl,-z,defs -Wl,--version-script=device/libe82540.map \
	    -o $@ $(filter %.o,$^)

# --- bench_pair -----------------------------------------------------------
#
# Driver and model in one process; the driver compiled as the guest's is.

PAIR	= bench/pair/bench_pair.c $(CORE)
PAIRFLAGS = $(USERFLAGS) -Idriver/os/sim $(CFLAGS) -O3 $(LTO)

$(eval $(call compile,pair,,$(CC) $(PAIRFLAGS)))

$(BUILD)/bench_pair: $(call objects,pair,$(PAIR)) \
    $(call objects,cc,$(COMMAND)) $(BUILD)/libe82540.a
	$(call say,LD)$(CC) $(PAIRFLAGS) -o $@ $^

bench-pair: $(BUILD)/bench_pair
	$(BUILD)/bench_pair $(ARGS)

# --- lem-vm ---------------------------------------------------------------

$(BUILD)/host/dsdt.hex: host/vm/dsdt.asl
	@mkdir -p $(@D)
	$(call say,ASL)iasl -va -tc -p $(BUILD)/host/dsdt $< >$@.log || \
	    { cat $@.log; exit 1; }

$(eval $(call compile,cc,host/,$(CC) $(HOSTFLAGS) $(CPPFLAGS) \
    $(CFLAGS)))

$(BUILD)/lem-vm: $(call objects,cc,$(BACKEND) $(VMM)) $(BUILD)/libe82540.a
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(HOST_LIBS)

# --- lem-nic --------------------------------------------------------------

$(BUILD)/lem-nic: $(call objects,cc,$(BACKEND) $(VFIO_USER)) \
    $(BUILD)/libe82540.a
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -pthread -o $@ $^ $(HOST_LIBS)

# --- lem-stat -------------------------------------------------------------

STAT	= $(sort $(wildcard host/stat/*.c))
STAT_LIBS = -ljansson -lm

$(BUILD)/lem-stat: $(call objects,cc,$(STAT) $(COMMAND) \
    host/control_dir.c host/unix.c)
	$(call say,LD)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(STAT_LIBS)

# --- the rest -------------------------------------------------------------

include driver/os/freebsd/freebsd.mk
include driver/os/linux/linux.mk
include test/tests.mk

# Other options than the last time: everything is compiled again.  -Werror alone
# changes nothing in the objects.
FLAGS	:= $(strip $(CC) $(filter-out -Werror,$(WARN)) $(CFLAGS) $(USERFLAGS) \
	  $(HOSTFLAGS) $(DEVFLAGS) $(GUEST) $(PAIRFLAGS) $(SIMFLAGS) $(FAKEFLAGS) \
	  $(SANITIZE) $(THREADS) $(FUZZER) $(FOREIGNFLAGS) \
	  $(CPPFLAGS) $(LDFLAGS))
ifneq ($(file <$(BUILD)/flags),$(FLAGS))
$(shell mkdir -p $(BUILD))
$(file >$(BUILD)/flags,$(FLAGS))
endif

# What is installed: built, but not installed.
installed-lib: $(BUILD)/libe82540.a $(BUILD)/libe82540.so
installed: installed-lib $(BUILD)/lem-bench $(BUILD)/lem-nic $(BUILD)/lem-stat \
    $(BUILD)/lem-vm

install: installed install-lib
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/lem-bench $(BUILD)/lem-nic $(BUILD)/lem-stat \
	    $(BUILD)/lem-vm $(DESTDIR)$(PREFIX)/bin/
	install -m 644 man/lem-bench.1 man/lem-nic.1 man/lem-stat.1 man/lem-vm.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	for unit in lem-nic@.service lem-vm@.service; do \
		sed -e 's,@PREFIX@,$(PREFIX),' dist/systemd/$$unit \
		    >$(DESTDIR)$(PREFIX)/lib/systemd/system/$$unit || exit; \
	done
	install -m 644 dist/systemd/lem-nic@.socket \
	    $(DESTDIR)$(PREFIX)/lib/systemd/system/

install-lib: installed-lib
	install -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(PREFIX)/include \
	    $(DESTDIR)$(PREFIX)/share/man/man3
	install -m 644 device/e82540.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 $(BUILD)/libe82540.a $(DESTDIR)$(LIBDIR)/
	install -m 755 $(BUILD)/libe82540.so \
	    $(DESTDIR)$(LIBDIR)/libe82540.so.$(SOVERSION)
	ln -sf libe82540.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libe82540.so
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@LIBDIR@,$(LIBDIR),' \
	    -e 's,@VERSION@,$(VERSION),' device/e82540.pc.in \
	    >$(DESTDIR)$(LIBDIR)/pkgconfig/e82540.pc
	install -m 644 man/libe82540.3 $(DESTDIR)$(PREFIX)/share/man/man3/

# Debian packages, in $(BUILD)/deb.
deb:
	@BUILD=$(BUILD) dist/deb.sh

clean:
	rm -rf build

.PHONY: all build bench bench-pair bench-nic-delays installed installed-lib \
	install install-lib deb clean
