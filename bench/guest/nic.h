/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a workload needs of a NIC.  Two implementations: nic_e1000.c (the lem
 * driver core) and nic_virtio.c (the NIC that users would choose instead).
 *
 * One thread, no locks.  An interrupt only sets a flag (driver/os/bare/bare.h);
 * poll() does its work.
 */
#ifndef LEM_GUEST_NIC_H
#define LEM_GUEST_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "mailbox.h"

#define NIC_BUF_BYTES	2048u	/* one frame buffer, transmit or receive */
#define NIC_RING_MAX	4096u

struct nic {
	/*
	 * Find the device on the PCI bus and bring it up as the mailbox asks,
	 * link up, interrupts on, receive ring full.  Returns NULL or a
	 * sentence that says what is wrong, in static storage.
	 */
	const char *(*open)(struct lem_mailbox *box);

	/*
	 * A buffer of NIC_BUF_BYTES to build the next frame in, 64-byte
	 * aligned, or NULL while the ring is full, after it has tried to
	 * make room.  Calling it twice returns the same buffer.
	 */
	uint8_t *(*tx_buffer)(void);

	/* Queue the frame in that buffer; ring the doorbell if it is due. */
	void (*tx_submit)(uint32_t len_bytes);

	/* The work of an interrupt, if one came; else a load and a branch. */
	void (*poll)(void);

	/* Reclaim now.  Returns true if no submitted frame is outstanding. */
	bool (*tx_idle)(void);

	/*
	 * The next received frame in place, or NULL; valid until rx_release().
	 * rx_flush() gives released buffers back to the device.
	 */
	const uint8_t *(*rx_next)(uint32_t *len_bytes);
	void (*rx_release)(void);
	void (*rx_flush)(void);

	/* Reclaims, then stores every counter but tsc; no register access. */
	void (*counters)(struct lem_box_counters *c);

	/*
	 * TSC ticks that an interrupt takes of the CPU, 0 if this NIC cannot be
	 * asked for one.  After the window, when the ring is empty.
	 */
	uint64_t (*interrupt_ticks)(void);

	/* When the ring is empty: NULL, or why the device's count differs. */
	const char *(*verify)(uint64_t frames_sent);
};

extern const struct nic nic_e1000;
extern const struct nic nic_virtio;

#endif
