/* SPDX-License-Identifier: BSD-2-Clause */
#include "trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BAR_MASK	0x1ffffull	/* a NIC's registers: 128 KiB */
#define REG_TDT		0x3818u

void
lem_trace_switch(int qmp_fd, bool on)
{
	const char *to = on ? "true" : "false";
	char commands[400];
	int n = snprintf(commands, sizeof(commands),
	    "{\"execute\":\"qmp_capabilities\"}\n"
	    "{\"execute\":\"trace-event-set-state\",\"arguments\":"
	    "{\"name\":\"memory_region_ops_write\",\"enable\":%s}}\n"
	    "{\"execute\":\"trace-event-set-state\",\"arguments\":"
	    "{\"name\":\"memory_region_ops_read\",\"enable\":%s}}\n",
	    to, to);

	(void)send(qmp_fd, commands, (size_t)n, MSG_NOSIGNAL);
}

/* "memory_region_ops_write cpu 0 mr 0x... addr 0xfebc3818 value ..." */
bool
lem_trace_line(struct lem_trace *t, const char *line)
{
	const char *event = strstr(line, "memory_region_ops_");
	const char *addr = strstr(line, " addr 0x");
	uint64_t at;

	if (event == NULL || addr == NULL)
		return false;
	at = strtoull(addr + 6, NULL, 16);
	if ((at & ~BAR_MASK) != t->bar)
		return true;
	t->registers++;
	if ((at & BAR_MASK) == REG_TDT &&
	    strncmp(event, "memory_region_ops_write", 23) == 0)
		t->doorbells++;
	return true;
}
