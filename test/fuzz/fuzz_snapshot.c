/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer target of e82540_load(): a hostile snapshot.
 *
 * The input: configuration, then how the rest is meant: as a snapshot; as one
 * whose length and CRC are set right first; or as changes to the snapshot of a
 * busy device (frames in its FIFO, a TSO packet half sent, timers running,
 * an EEPROM access begun), length and CRC set right after.  It may be that of
 * another device: another chip, other options.
 *
 * A snapshot that is refused must not change the device.  A device that took
 * the snapshot is saved (that must load again, to the same), then used:
 * registers read, both rings run; at last it must be usable after a reset.  See
 * fuzz_host.h.
 */
#include "fuzz_host.h"

#define SNAPSHOT_MAX	0x40000u
#define LENGTH_AT	16u		/* e82540_snapshot.c */

static uint8_t before[SNAPSHOT_MAX], after[SNAPSHOT_MAX];

static size_t
snapshot_save(uint8_t *to)
{
	int64_t len = e82540_save(fuzz.dev, fuzz.now_ns, to, SNAPSHOT_MAX);

	CHECK(len > 0);
	return (size_t)len;
}

static int
snapshot_load(const uint8_t *snapshot, size_t len)
{
	/* Of exactly its size, for ASan. */
	uint8_t *copy = malloc(len + 1);
	int error;

	CHECK(copy != NULL);
	memcpy(copy + 1, snapshot, len);
	call_begins();
	fuzz.loaded = true;
	error = e82540_load(fuzz.dev, fuzz.now_ns, copy + 1, len);
	call_ends();
	free(copy);
	CHECK(error == 0 || error == -EINVAL || error == -ENOTSUP);
	return error;
}

static void
snapshot_set_right(uint8_t *snapshot, size_t len)
{
	if (len < LENGTH_AT + 8)
		return;
	e82540_put_n(snapshot + LENGTH_AT, 4, (uint32_t)len);
	e82540_put_n(snapshot + len - 4, 4,
	    e82540_fcs(snapshot, (uint32_t)len - 4));
}

/* --------------------------------------------------------- a busy device */

static void
put_descriptors(void)
{
	static const uint8_t head[54] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 2,
		0, 0, 0, 0, 1, 0x08, 0x00, 0x45, [23] = 6, [46] = 0x50 };
	union e1000_tx_any_desc d = { .context = { .ipcss = 14,
					  .ipcso = 24,
					  .ipcse = 33,
					  .tucss = 34,
					  .tucso = 50,
					  .hdr_len = 54,
					  .mss = 100,
					  .cmd_len = 5000 |
					      0x27u << E1000_TXD_CMD_SHIFT } };
	unsigned int i;

	fuzz_poke(RAM, &d, 16);
	d.data = (struct e1000_tx_data_desc){ .buffer_addr = RAM + 0x1000,
		.cmd_len = 5054 | 0xadu << E1000_TXD_CMD_SHIFT |
		    E1000_TXD_DTYP_DATA << E1000_TXD_DTYP_SHIFT,
		.popts = 3 };
	fuzz_poke(RAM + 16, &d, 16);
	fuzz_poke(RAM + 0x1000, head, sizeof(head));
	for (i = 2; i < 64; i++) {
		d.legacy = (struct e1000_tx_desc){ .length = 60,
			.buffer_addr = RAM + 0x1000,
			.cmd = i % 3 == 0 ? 8 : 9 };
		fuzz_poke(RAM + i * 16, &d, 16);
		d.legacy = (struct e1000_tx_desc){ .buffer_addr = RAM + 0x4000 +
			    i * 0x400 };
		fuzz_poke(RAM + 0x800 + i * 16, &d, 16);
	}
}

static void
device_make_busy(void)
{
	static const uint8_t data[700] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct e82540_frame frame[8];
	unsigned int i;

	fuzz_pci_write(E82540_PCI_COMMAND, 2,
	    E82540_PCI_MEMORY | E82540_PCI_MASTER);
	fuzz_link_set(true);
	fuzz.now_ns += 2000000;
	fuzz_run();
	put_descriptors();
	fuzz_reg_write(E1000_TDBAL, RAM);
	fuzz_reg_write(E1000_TDLEN, 64 * 16);
	fuzz_reg_write(E1000_RDBAL, RAM + 0x800);
	fuzz_reg_write(E1000_RDLEN, 64 * 16);
	fuzz_reg_write(E1000_TIDV, 100);
	fuzz_reg_write(E1000_TADV, 200);
	fuzz_reg_write(E1000_RDTR, 100);
	fuzz_reg_write(E1000_RADV, 200);
	fuzz_reg_write(E1000_ITR, 4000);
	fuzz_reg_write(E1000_IMS, E1000_ICR_MASK);
	fuzz_reg_write(E1000_EECD, E1000_EECD_REQ | E1000_EECD_CS);
	fuzz_reg_write(E1000_EECD,
	    E1000_EECD_REQ | E1000_EECD_CS | E1000_EECD_DI | E1000_EECD_SK);
	fuzz_reg_write(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	fuzz_reg_write(E1000_RCTL,
	    E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_BAM |
		E1000_RCTL_BSIZE_512);
	fuzz_reg_write(E1000_RDT, 3);
	fuzz.room = 20;
	fuzz_reg_write(E1000_TDT, 40);
	fuzz_settle();
	for (i = 0; i < 8; i++)
		frame[i] = (struct e82540_frame){ data, 60 + 80 * i, 0 };
	(void)fuzz_receive(frame, 8);
}

/* Changes to a snapshot of len bytes; returns its new length. */
static size_t
snapshot_change(uint8_t *p, size_t len)
{
	uint8_t how, n;
	size_t at;

	while (input.left != 0) {
		how = input_u8();
		n = how & 7;
		at = (input_u16() | (size_t)(how >> 3 & 1) << 16) % len;
		if ((how & 0xc0) == 0x80 && len + n <= SNAPSHOT_MAX) {
			memmove(p + at + n, p + at, len - at);
			len += n;
		} else if ((how & 0xc0) == 0xc0 && len > at + n) {
			memmove(p + at, p + at + n, len - at - n);
			len -= n;
			continue;
		}
		for (n++; n > 0 && at < len; n--)
			p[at++] = input_u8();
	}
	return len;
}

/* --------------------------------------------------------------- the frame */

static void
device_use(void)
{
	static const uint8_t data[1500] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 };
	struct e82540_frame frame = { data, 60, 0 };
	uint32_t reg;

	fuzz_read_all();
	for (reg = 0; reg < 256; reg += 4)
		fuzz.sum += fuzz_pci_read(reg, 4);
	fuzz.room = UINT32_MAX;
	call_begins();
	e82540_tx_resume(fuzz.dev, fuzz.now_ns);
	call_ends();
	fuzz_settle();
	fuzz_reg_write(E1000_EECD,
	    E1000_EECD_REQ | E1000_EECD_CS | E1000_EECD_SK);
	fuzz_reg_write(E1000_EECD, E1000_EECD_REQ | E1000_EECD_CS);
	fuzz_reg_write(E1000_EECD,
	    E1000_EECD_REQ | E1000_EECD_CS | E1000_EECD_SK);
	fuzz_reg_write(E1000_TDT, 50);
	(void)fuzz_receive(&frame, 1);
	frame.len_bytes = sizeof(data);
	(void)fuzz_receive(&frame, 1);
	fuzz_reg_write(E1000_RDT, 60);
	(void)fuzz_receive(&frame, 1);
	fuzz_settle();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t snapshot[SNAPSHOT_MAX];
	size_t was, len;
	uint8_t how;

	input_begin(data, size);
	fuzz_new();
	how = input_u8();
	device_make_busy();
	was = snapshot_save(before);
	if ((how & 8) != 0) {
		fuzz_new();		/* the snapshot is carried to it */
		device_make_busy();
	}
	if ((how & 3) < 2) {
		len = input.left < SNAPSHOT_MAX ? input.left : SNAPSHOT_MAX;
		memcpy(snapshot, input.data, len);
	} else {
		memcpy(snapshot, before, was);
		len = snapshot_change(snapshot, was);
	}
	if ((how & 3) != 0)
		snapshot_set_right(snapshot, len);
	/* Without memory, so that the state does not change meanwhile. */
	fuzz_memory_map(0, 0);
	was = snapshot_save(before);
	if (snapshot_load(snapshot, len) == 0) {
		was = snapshot_save(before);
		CHECK(snapshot_load(before, was) == 0);
	}
	CHECK(snapshot_save(after) == was);
	CHECK(memcmp(before, after, was) == 0);
	fuzz_memory_map(MAP_ALL, 0);
	device_use();
	check_usable((how & 4) != 0);
	return 0;
}
