/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A test's double of an 8254x: as much of one as the driver core touches, and
 * strict where real hardware would only misbehave.  What a driver must not do
 * (move a wire without a grant, leave a stale status in a descriptor, set a
 * tail beyond the ring) is a violation: it is counted, and the first one's text
 * kept.
 *
 * It follows the manual and hw/e1000_hw.h, and shares no code with the driver.
 * It is not the model of device/: no wire timing, no FIFO, no offload engine.
 *
 * Time is now_ns.  Only fake_udelay(), fake_sleep() and fake_advance_ns() move
 * it.
 */
#ifndef FAKE_DEVICE_H
#define FAKE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "e1000_hw.h"
#include "lem_os.h"

#define FAKE_LOG_MAX		65536u
#define FAKE_PACKETS_MAX	1024u
#define FAKE_DATA_MAX		2048u
#define FAKE_REGIONS		8u
#define FAKE_HELD_MAX		170u	/* what fits KVM's page of them */
#define FAKE_NEVER		UINT64_MAX

enum fake_chip {
	FAKE_82543,
	FAKE_82544,
	FAKE_82540,
	FAKE_82545,
};

enum fake_op {
	FAKE_READ,
	FAKE_WRITE,
	FAKE_WMB,
	FAKE_RMB,
};

struct fake_access {
	enum fake_op op;
	uint32_t reg;
	uint32_t value;
	uint64_t at_ns;
};

/* Host memory that the device can reach, and its bus address. */
struct fake_region {
	uint64_t bus;
	uint8_t *mem;
	size_t bytes;
};

/* A packet taken off the transmit ring. */
struct fake_packet {
	uint32_t len_bytes;
	uint16_t segs;
	uint16_t first;		/* index of its first descriptor, not context */
	uint8_t cmd_first;	/* command byte of the first data descriptor */
	uint8_t cmd;		/* ... and of the last */
	uint8_t popts;		/* of the first; 0 if legacy */
	bool legacy;
	bool has_context;	/* context: the device's when this was sent */
	uint16_t special;	/* of the last */
	struct e1000_tx_context_desc context;
	uint8_t data[FAKE_DATA_MAX];	/* the first so many bytes */
};

/* A frame to receive. */
struct fake_frame {
	const uint8_t *data;
	uint32_t len_bytes;
	uint8_t status;		/* IXSM, VP, TCPCS, IPCS; DD and EOP are set */
	uint8_t errors;		/* in the last descriptor */
	uint16_t special;
};

/* A serial bus as seen from its slave. */
struct fake_wire {
	unsigned int bits;	/* clocked in so far */
	uint32_t in;
	uint32_t out;
	bool driven;		/* by the slave */
	bool level;		/* ... to this level */
	uint64_t edge_ns;	/* when the clock last moved */
};

/* A test's own device: accesses and barriers go there, and no further. */
struct fake_hooks {
	uint32_t (*read)(void *arg, uint32_t reg);
	void (*write)(void *arg, uint32_t reg, uint32_t value);
	void (*udelay)(void *arg, unsigned int us);
	void (*barrier)(void *arg, enum fake_op op);
};

struct fake_device {
	/* What a test sets before or during its run. */
	const struct fake_hooks *hooks;		/* NULL: this device */
	enum fake_chip chip;
	bool dead_reset;	/* CTRL.RST never clears */
	bool dead_eerd;
	bool dead_gnt;
	bool dead_mdic;
	bool no_phy;		/* no PHY answers, at any address */
	bool sync_tx;		/* transmit inside the write of TDT, as QEMU */
	bool coalesce;		/* hold writes back as KVM does for QEMU */
	bool rx_partial;	/* begin frames there is not yet room for */
	bool rar0_valid;	/* RAR 0 has an address after reset */
	bool no_sleep;		/* a sleep is a violation */
	uint8_t rar0[6];
	uint16_t nvm[256];
	uint16_t nvm_words;	/* 64 or 256 */
	bool nvm_read_only;	/* it ignores WRITE, as many models do */
	uint64_t remove_at;	/* index of the first access that fails */
	void (*on_packet)(void *arg, const struct fake_packet *packet);
	void *arg;		/* of on_packet and the hooks */

	/* What a test looks at. */
	uint64_t now_ns;
	uint64_t reads, writes;
	uint64_t interrupts;	/* reads of ICR that found the line asserted */
	uint64_t sleeps;	/* calls of lem_os_sleep() */
	unsigned int resets, phy_restarts, phy_writes;
	unsigned int violations;
	char violation[128];	/* the first */
	unsigned int logged;	/* entries of log; stops at FAKE_LOG_MAX */
	bool nvm_writable;	/* EWEN came last, not EWDS */
	uint64_t packets;	/* sent; the first FAKE_PACKETS_MAX are kept */
	uint64_t rx_missed;	/* frames dropped: no descriptor free */

	/* The device's own. */
	uint32_t reg[E1000_BAR0_SIZE_BYTES / 4];
	uint32_t icr, ims;
	uint64_t irq_next_ns;	/* ITR: no interrupt before */
	uint64_t tidv_at_ns, tadv_at_ns;
	uint64_t reset_until_ns, quiet_until_ns;
	struct fake_region region[FAKE_REGIONS];
	unsigned int regions;
	struct fake_access held[FAKE_HELD_MAX];
	unsigned int helds;
	struct fake_packet building;
	struct e1000_tx_context_desc context;
	bool has_context;
	struct fake_wire nvm_wire, mdio_wire;
	unsigned int mdio_ones;
	unsigned int nvm_operation, nvm_address;
	uint64_t nvm_busy_ns;
	uint64_t eerd_at_ns, mdic_at_ns;
	uint16_t phy[32];
	bool link_up, link_fd;
	uint16_t link_mbps;
	struct fake_frame rx_frame;	/* a frame begun, rx_partial */
	uint32_t rx_rest_bytes;

	/* fake_init() does not clear these. */
	uint8_t rx_rest[16384];
	struct fake_access log[FAKE_LOG_MAX];
	struct fake_packet packet[FAKE_PACKETS_MAX];
};

/* ------------------------------------------------------- fake_device.c */

/* fake_init: a healthy device with a good EEPROM and the link up. */
void fake_init(struct fake_device *dev, enum fake_chip chip);

/* fake_device_id: its PCI device id. */
uint16_t fake_device_id(enum fake_chip chip);

/* fake_map: let the device reach memory at a bus address. */
void fake_map(struct fake_device *dev, uint64_t bus, void *mem, size_t bytes);
void fake_unmap_all(struct fake_device *dev);

/* fake_dma: memory behind a bus address, or NULL, which is a violation. */
void *fake_dma(struct fake_device *dev, uint64_t bus, size_t bytes);

void fake_advance_ns(struct fake_device *dev, uint64_t ns);
void fake_deliver(struct fake_device *dev);	/* writes held back */
void fake_cause(struct fake_device *dev, uint32_t icr);

/* fake_irq: is the interrupt line asserted: cause, mask and ITR. */
bool fake_irq(const struct fake_device *dev);
bool fake_gone(const struct fake_device *dev);

void fake_link(struct fake_device *dev, bool up, uint16_t mbps, bool fd);

void fake_log_clear(struct fake_device *dev);
unsigned int
fake_log_count(const struct fake_device *dev, enum fake_op op, uint32_t reg);

/* fake_log_find: index of the first such entry from `from` on, or -1. */
int fake_log_find(const struct fake_device *dev, unsigned int from,
    enum fake_op op, uint32_t reg);

void fake_violation(struct fake_device *dev, const char *text);

/* fake_peek: a register as the device has it; no access, no side effect. */
static inline uint32_t
fake_peek(const struct fake_device *dev, uint32_t reg)
{
	return dev->reg[reg / 4];
}

static inline void
fake_poke(struct fake_device *dev, uint32_t reg, uint32_t value)
{
	dev->reg[reg / 4] = value;
}

/* --------------------------------------------------------- fake_ring.c */

/* fake_tx_run: transmit at most n descriptors; returns how many it did. */
unsigned int fake_tx_run(struct fake_device *dev, unsigned int n);

/* fake_tx_owned: descriptors the device has been given and not done. */
unsigned int fake_tx_owned(const struct fake_device *dev);

/* fake_rx: receive a frame; returns the number of descriptors it took. */
unsigned int fake_rx(struct fake_device *dev, const struct fake_frame *frame);
unsigned int fake_rx_owned(const struct fake_device *dev);

/* fake_rx_raw: write these values into the descriptor at RDH. */
void fake_rx_raw(struct fake_device *dev, uint16_t length, uint8_t status,
    uint8_t errors);

/* fake_rx_continue: RDT moved; go on with a frame that was begun. */
void fake_rx_continue(struct fake_device *dev);

/* fake_accepts: would the filters let it in?  vid: -1 for untagged. */
bool fake_accepts(const struct fake_device *dev, const uint8_t *mac, int vid);

/* ------------------------------------------------------- fake_serial.c */

void fake_nvm_checksum(struct fake_device *dev);	/* make it right */
void fake_eecd_write(struct fake_device *dev, uint32_t value);
uint32_t fake_eecd_read(const struct fake_device *dev);
void fake_eerd_write(struct fake_device *dev, uint32_t value);
uint32_t fake_eerd_read(const struct fake_device *dev);
void fake_mdic_write(struct fake_device *dev, uint32_t value);
uint32_t fake_mdic_read(const struct fake_device *dev);
void fake_mdio_pins(struct fake_device *dev, uint32_t was, uint32_t ctrl);
uint32_t fake_mdio_level(const struct fake_device *dev, uint32_t ctrl);

#endif
