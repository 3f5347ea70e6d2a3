/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP programs, assembled by hand, because the guest has neither a compiler nor
 * libbpf.  A program is attached by a link of BPF: it goes when we end.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "traffic.h"

#define LOG_BYTES	65536u
#define INSNS_MAX	64u

/* Of an IPv4 frame of UDP, without IP options. */
#define UDP_SRC		34
#define UDP_DST		36
#define UDP_LEN		38
#define UDP_END		42

static int
bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* ------------------------------------------------------------ the assembler */

struct program {
	struct bpf_insn insn[INSNS_MAX];
	unsigned int n;
};

static void
put(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int off, int imm)
{
	p->insn[p->n++] = (struct bpf_insn){ .code = code,
		.dst_reg = dst & 0xf,
		.src_reg = src & 0xf,
		.off = (int16_t)off,
		.imm = imm };
}

static void
put_return(struct program *p, int action)
{
	put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, action);
	put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* Swaps two fields of `size` (BPF_W, BPF_H) of the frame at r2. */
static void
put_swap(struct program *p, uint8_t size, int a, int b)
{
	put(p, BPF_LDX | BPF_MEM | size, BPF_REG_4, BPF_REG_2, a, 0);
	put(p, BPF_LDX | BPF_MEM | size, BPF_REG_5, BPF_REG_2, b, 0);
	put(p, BPF_STX | BPF_MEM | size, BPF_REG_2, BPF_REG_5, a, 0);
	put(p, BPF_STX | BPF_MEM | size, BPF_REG_2, BPF_REG_4, b, 0);
}

/*
 * Datagrams of XDP_BYTES get the program's action; everything else passes.  The
 * jumps to the end are filled in last.
 */
static void
put_filter(struct program *p)
{
	const uint8_t skip = BPF_JMP | BPF_JNE | BPF_K;

	put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1,
	    offsetof(struct xdp_md, data), 0);
	put(p, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_3, BPF_REG_1,
	    offsetof(struct xdp_md, data_end), 0);
	put(p, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_4, BPF_REG_2, 0, 0);
	put(p, BPF_ALU64 | BPF_ADD, BPF_REG_4, 0, 0, UDP_END);
	put(p, BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, -1, 0);
	put(p, BPF_LDX | BPF_MEM | BPF_H, BPF_REG_4, BPF_REG_2, 12, 0);
	put(p, skip, BPF_REG_4, 0, -1, 0x0008);	/* IPv4, as on the wire */
	put(p, BPF_LDX | BPF_MEM | BPF_B, BPF_REG_4, BPF_REG_2, 23, 0);
	put(p, skip, BPF_REG_4, 0, -1, 17);
	put(p, BPF_LDX | BPF_MEM | BPF_H, BPF_REG_4, BPF_REG_2, UDP_LEN, 0);
	put(p, skip, BPF_REG_4, 0, -1, (8 + XDP_BYTES) << 8);
}

static void
put_end(struct program *p)
{
	unsigned int i, end = p->n;

	put_return(p, XDP_PASS);
	for (i = 0; i < end; i++)
		if (p->insn[i].off == -1)
			p->insn[i].off = (int16_t)(end - i - 1);
}

/* The datagram goes back where it came from; no checksum changes. */
static void
put_echo(struct program *p)
{
	put_swap(p, BPF_W, 0, 6);
	put_swap(p, BPF_H, 4, 10);
	put_swap(p, BPF_W, 26, 30);
	put_swap(p, BPF_H, UDP_SRC, UDP_DST);
}

static bool
assemble(struct program *p, const char *action, const char *to)
{
	put_filter(p);
	if (strcmp(action, "pass") == 0) {
		put_return(p, XDP_PASS);
	} else if (strcmp(action, "drop") == 0) {
		put_return(p, XDP_DROP);
	} else if (strcmp(action, "abort") == 0) {
		put_return(p, XDP_ABORTED);
	} else if (strcmp(action, "tx") == 0) {
		put_echo(p);
		put_return(p, XDP_TX);
	} else if (strcmp(action, "redirect") == 0 && to != NULL) {
		put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_1, 0, 0,
		    (int)if_nametoindex(to));
		put(p, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, 0);
		put(p, BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect);
		put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	} else {
		return false;
	}
	put_end(p);
	return true;
}

/* --------------------------------------------------------------- the kernel */

static int
program_load(const struct program *p)
{
	static char log[LOG_BYTES];
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_XDP };
	int fd;

	attr.insns = (uint64_t)(uintptr_t)p->insn;
	attr.insn_cnt = p->n;
	attr.license = (uint64_t)(uintptr_t) "Dual BSD/GPL";
	attr.log_buf = (uint64_t)(uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd < 0)
		(void)fail("the program does not load: %s\n%s", strerror(errno),
		    log);
	return fd;
}

static int
program_attach(int program, const char *ifname)
{
	union bpf_attr attr = { .link_create = { 0 } };
	int fd;

	attr.link_create.prog_fd = (uint32_t)program;
	attr.link_create.target_ifindex = if_nametoindex(ifname);
	attr.link_create.attach_type = BPF_XDP;
	/* The driver's own hook, not the stack's. */
	attr.link_create.flags = 1u << 2;
	fd = bpf(BPF_LINK_CREATE, &attr);
	if (fd < 0)
		(void)fail("%s takes no XDP program: %s", ifname,
		    strerror(errno));
	return fd;
}

int
xdp_run(const char *ifname, const char *action, const char *to,
    char *const command[])
{
	struct program p = { .n = 0 };
	int program, status;

	if (!assemble(&p, action, to))
		return fail("no XDP action: %s", action);
	program = program_load(&p);
	if (program < 0 || program_attach(program, ifname) < 0)
		return EXIT_FAILURE;
	status = command_run(command);
	return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
