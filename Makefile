# SPDX-License-Identifier: BSD-2-Clause
#
# make build      every user-space program, in build/
# make bench      build/lem-bench ARGS="..."
# make check      all tests; see test/run
# make coverage   line coverage of the driver core by its unit tests
# make fuzz SECONDS=N
# make install    PREFIX=/usr/local DESTDIR=
#
# ./lem installs what these need and calls them.

SRCDIR	:= $(CURDIR)
BUILD	= build
PREFIX	?= /usr/local
CC	= gcc
OBJCOPY	?= objcopy
SECONDS	?= 60
VERSION	= 0.1

WARN	= -Wall -Wextra -Werror
USERFLAGS = -std=c11 -D_GNU_SOURCE $(WARN) -Ihw -Idriver -Ibench -Ibench/guest \
	  -DLEM_VERSION='"$(VERSION)"' -pthread
CFLAGS	?= -O2 -g
# The core is called a packet at a time: without calls TCG runs it 1.2 times as
# fast.  (clang would need lld for it.)
LTO	= $(if $(findstring clang,$(CC)),,-flto)
GUEST	= -std=c11 -O2 -m64 -ffreestanding -fno-pic -fno-pie -mno-red-zone \
	  -mgeneral-regs-only -fno-stack-protector -fcf-protection=none \
	  -fno-asynchronous-unwind-tables $(LTO) $(WARN) \
	  -Ihw -Idriver -Idriver/os/bare -Ibench -Ibench/guest

CORE	= driver/lem_main.c driver/lem_phy.c driver/lem_txrx.c \
	  driver/lem_intr.c
BARE	= driver/os/bare/start.S driver/os/bare/bare.c
BENCH	= $(sort $(wildcard bench/*.c))
HEADERS	= $(wildcard hw/*.h driver/*.h driver/os/*/*.h bench/*.h \
	  bench/guest/*.h test/fake/*.h)

all: build
build: $(BUILD)/lem-bench

# --- the bare-metal guest -------------------------------------------------

GUEST_SRC = $(BARE) $(CORE) $(sort $(wildcard bench/guest/*.c))
GUEST_OBJ = $(patsubst %,$(BUILD)/guest/%.o,$(GUEST_SRC))

$(BUILD)/guest/%.o: % $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(GUEST) -c -o $@ $<

$(BUILD)/guest/payload.elf: $(GUEST_OBJ) driver/os/bare/payload.ld
	$(CC) $(GUEST) -nostdlib -static -no-pie -Wl,--build-id=none \
	    -Wl,-z,noexecstack -T driver/os/bare/payload.ld \
	    -o $@ $(GUEST_OBJ)

$(BUILD)/guest/payload.bin: $(BUILD)/guest/payload.elf
	$(OBJCOPY) -O binary -j .text -j .rodata -j .data $< $@

$(BUILD)/guest.bin: driver/os/bare/rom.S driver/os/bare/rom.ld \
    $(BUILD)/guest/payload.bin
	$(CC) -m32 -c -Wa,-I,$(BUILD)/guest -o $(BUILD)/guest/rom.o $<
	ld -m elf_i386 -T driver/os/bare/rom.ld -o $(BUILD)/guest/rom.elf \
	    $(BUILD)/guest/rom.o
	$(OBJCOPY) -O binary $(BUILD)/guest/rom.elf $@

# --- lem-bench ------------------------------------------------------------

BENCH_OBJ = $(patsubst %,$(BUILD)/%.o,$(BENCH)) $(BUILD)/bench/image.S.o

$(BUILD)/bench/%.c.o: bench/%.c $(HEADERS)
	@mkdir -p $(@D)
	$(CC) $(USERFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/bench/image.S.o: bench/image.S $(BUILD)/guest.bin
	@mkdir -p $(@D)
	$(CC) -c -Wa,-I,$(BUILD) -o $@ $<

$(BUILD)/lem-bench: $(BENCH_OBJ)
	$(CC) $(CFLAGS) -pthread -o $@ $(BENCH_OBJ) -lm

bench: build
	$(BUILD)/lem-bench $(ARGS)

clean:
	rm -rf build

.PHONY: all build bench clean
