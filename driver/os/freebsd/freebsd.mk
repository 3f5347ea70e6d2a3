# SPDX-License-Identifier: BSD-2-Clause
#
# if_lem.ko, cross-compiled on Linux, and its tests.  On FreeBSD: make -C
# driver/os/freebsd, which is bmake's Makefile.
#
# Here bmake reads the makefiles of FREEBSD_SRC, and clang compiles.  Where
# FREEBSD_KERNEL lies in the folder it was built in, the module gets that
# kernel's options.  The compiler may be newer than FreeBSD's sources and warn
# of those; a warning of ours is an error.  The module exports no symbol.

FREEBSD_KERNEL ?=
FREEBSD	= $(BUILD)/freebsd
FREEBSD_CC = clang --target=x86_64-unknown-freebsd -Wno-unknown-warning-option
FREEBSD_OPT = $(dir $(FREEBSD_KERNEL))
FREEBSD_MAKE = env -u MAKEFLAGS MAKESYSPATH=$(abspath $(FREEBSD_SRC))/share/mk \
	  MAKEOBJDIR=$(abspath $(FREEBSD)) bmake MACHINE=amd64 MACHINE_ARCH=amd64 \
	  MACHINE_CPUARCH=amd64 CC="$(FREEBSD_CC)" COMPILER_TYPE=clang \
	  LD=/usr/bin/ld.lld LINKER_TYPE=lld OBJCOPY=llvm-objcopy NM=llvm-nm \
	  SYSDIR=$(abspath $(FREEBSD_SRC))/sys EXPORT_SYMS=YES MK_CTF=no MK_MAN=no \
	  FORMAT_EXTENSIONS=-D__printf__=__freebsd_kprintf__ WERROR= \
	  $(if $(wildcard $(FREEBSD_OPT)opt_global.h),KERNBUILDDIR=$(abspath \
	  $(FREEBSD_OPT)))

freebsd:
	@[ -n "$(FREEBSD_SRC)" ] || \
	    { echo 'make freebsd: FREEBSD_SRC= is not set' >&2; exit 2; }
	@mkdir -p $(FREEBSD)
	$(call say,KMOD)cd driver/os/freebsd && $(FREEBSD_MAKE) if_lem.ko \
	    >$(abspath $(FREEBSD))/log 2>&1 </dev/null || \
	    { tail -n 30 $(abspath $(FREEBSD))/log; exit 1; }
	@! grep -E "$(CURDIR)/driver/.*(warning|error):" $(FREEBSD)/log
	@llvm-nm --defined-only -g $(FREEBSD)/if_lem.ko | cut -d ' ' -f 3 \
	    >$(FREEBSD)/symbols && llvm-objcopy \
	    --localize-symbols=$(FREEBSD)/symbols $(FREEBSD)/if_lem.ko

# What its tests need: a program that starts a kernel, the guest's user space,
# and on this side the other end of the wire.
FREEBSD_BOOT = -m32 -std=c11 -O2 -ffreestanding -fno-pic -fno-stack-protector \
	  -fcf-protection=none -fno-asynchronous-unwind-tables \
	  -mgeneral-regs-only $(WARN)

$(FREEBSD)/boot.elf: $(wildcard test/freebsd/boot/*)
	@mkdir -p $(@D)
	$(call say,CC)gcc $(FREEBSD_BOOT) -nostdlib -static -Wl,--build-id=none \
	    -Wl,--no-warn-rwx-segments -Wl,-z,noexecstack \
	    -T test/freebsd/boot/boot.ld -o $@ test/freebsd/boot/start.S \
	    test/freebsd/boot/boot.c

# The same for lem-vm, which wants 64 bits.
$(FREEBSD)/boot64.elf: $(FREEBSD)/boot.elf
	$(call say,COPY)objcopy -O elf64-x86-64 $< $@

$(FREEBSD)/init: $(wildcard test/freebsd/guest/*) test/freebsd/pattern.h
	@mkdir -p $(@D)/include
	@ln -sfn $(abspath $(FREEBSD_SRC))/sys/amd64/include $(@D)/include/machine
	@ln -sfn $(abspath $(FREEBSD_SRC))/sys/x86/include $(@D)/include/x86
	$(call say,CC)$(FREEBSD_CC) -std=c11 -O2 $(WARN) -nostdinc -nostdlib \
	    -ffreestanding -fno-stack-protector -static -fuse-ld=lld \
	    -Wl,-e,start -isystem $(@D)/include -isystem $(FREEBSD_SRC)/sys \
	    -isystem $(FREEBSD_SRC)/include \
	    -idirafter $$(clang -print-resource-dir)/include \
	    -o $@ test/freebsd/guest/*.c

$(FREEBSD)/peer $(FREEBSD)/vlan: $(FREEBSD)/%: test/freebsd/%.c \
    test/freebsd/pattern.h
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(USERFLAGS) $(WARN) -O2 -static -o $@ $<

# The root file system of the guest that lem-bench measures.
$(FREEBSD)/bench.iso: freebsd $(FREEBSD)/init bench/freebsd/script
	@rm -rf $(FREEBSD)/root && mkdir -p $(FREEBSD)/root/dev $(FREEBSD)/root/sbin
	@cp $(FREEBSD)/init $(FREEBSD)/root/sbin/
	@cp $(FREEBSD)/if_lem.ko bench/freebsd/script $(FREEBSD)/root/
	$(call say,ISO)makefs -t cd9660 -o rockridge $@ $(FREEBSD)/root >/dev/null

freebsd-bench: $(FREEBSD)/boot.elf $(FREEBSD)/bench.iso

freebsd-test: freebsd $(FREEBSD)/boot64.elf $(FREEBSD)/init $(FREEBSD)/peer \
    $(FREEBSD)/vlan

check-freebsd:
	@BUILD=$(BUILD) SRCDIR=$(SRCDIR) CC=$(CC) FREEBSD_SRC=$(FREEBSD_SRC) \
	    FREEBSD_KERNEL=$(FREEBSD_KERNEL) test/run test/freebsd

.PHONY: freebsd freebsd-bench freebsd-test check-freebsd
