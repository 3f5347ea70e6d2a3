/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host in C++, from the installed header alone: libe82540.sh compiles and
 * runs it.  Its argument is the version that the library must have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <e82540.h>

namespace {

struct host {
	struct e82540 *dev;
	unsigned int edges;
	unsigned int packets;
};

alignas(64) uint8_t ram[1 << 16];

void
interrupt(void *ctx, bool asserted)
{
	static_cast<host *>(ctx)->edges += asserted;
}

unsigned int
send(void *ctx, const struct e82540_packet *, unsigned int n)
{
	static_cast<host *>(ctx)->packets += n;
	return n;
}

} /* namespace */

int
main(int argc, char **argv)
{
	struct host h = host();
	struct e82540_host table = e82540_host();
	struct e82540_config config = e82540_config();
	struct e82540_region region = { 0, sizeof(ram), ram, true };
	struct e82540_counters counters;
	uint8_t mac[6] = { 0x52, 0x54, 0, 1, 2, 3 }, got[6];
	size_t size =
	    (e82540_size() + E82540_ALIGN - 1) / E82540_ALIGN * E82540_ALIGN;
	void *mem = nullptr;

	table.interrupt = interrupt;
	table.send = send;
	config.api = E82540_API;
	config.chip = E82540_82545EM;
	config.host = &table;
	config.ctx = &h;
	memcpy(config.mac, mac, sizeof(mac));
	if (argc != 2 || strcmp(e82540_version(), argv[1]) != 0 ||
	    posix_memalign(&mem, E82540_ALIGN, size) != 0)
		return 1;
	h.dev = static_cast<struct e82540 *>(mem);
	if (e82540_init(h.dev, &config, 0) != 0 ||
	    e82540_memory_set(h.dev, &region, 1) != 0)
		return 2;
	e82540_mac_get(h.dev, got);
	if (memcmp(mac, got, sizeof(mac)) != 0)
		return 3;
	e82540_mmio_write(h.dev, 0, 0xd0, 4, 0x4);	/* IMS: LSC */
	e82540_link_set(h.dev, 0, true);
	e82540_counters(h.dev, &counters, sizeof(counters));
	printf("%u edges, %llu\n", h.edges,
	    static_cast<unsigned long long>(counters.interrupts));
	free(mem);
	return h.edges == 1 && counters.interrupts == 1 ? 0 : 4;
}
