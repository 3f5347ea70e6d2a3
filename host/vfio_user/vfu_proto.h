/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The messages of vfio-user 0.0, as QEMU's docs/interop/vfio-user.rst has them.
 * All numbers are in the order of the host.  Flags and structures that the
 * document takes from VFIO are those of <linux/vfio.h>; this file has what is
 * different.
 */
#ifndef VFU_PROTO_H
#define VFU_PROTO_H

#include <linux/vfio.h>
#include <stdint.h>

enum vfu_command {
	VFU_VERSION = 1,
	VFU_DMA_MAP,
	VFU_DMA_UNMAP,
	VFU_DEVICE_GET_INFO,
	VFU_DEVICE_GET_REGION_INFO,
	VFU_DEVICE_GET_REGION_IO_FDS,
	VFU_DEVICE_GET_IRQ_INFO,
	VFU_DEVICE_SET_IRQS,
	VFU_REGION_READ,
	VFU_REGION_WRITE,
	VFU_DMA_READ,			/* 11, 12: from server to client */
	VFU_DMA_WRITE,
	VFU_DEVICE_RESET,
	VFU_REGION_WRITE_MULTI = 15,
	VFU_DEVICE_FEATURE,
	VFU_MIG_DATA_READ,
	VFU_MIG_DATA_WRITE,
};

/* vfu_header.flags */
#define VFU_TYPE 0xfu
#define VFU_TYPE_COMMAND 0u
#define VFU_TYPE_REPLY 1u
#define VFU_NO_REPLY (1u << 4)
#define VFU_ERROR (1u << 5)

struct vfu_header {
	uint16_t id;			/* the client's, and in the reply */
	uint16_t command;
	uint32_t bytes;			/* of the message, this included */
	uint32_t flags;
	uint32_t error;			/* an errno, with VFU_ERROR */
};

/* The JSON text of the capabilities follows. */
struct vfu_version {
	uint16_t major;
	uint16_t minor;
};

struct vfu_dma_map {
	uint32_t argsz;
	uint32_t flags;			/* VFIO_DMA_MAP_FLAG_READ, _WRITE */
	uint64_t offset;		/* in the file */
	uint64_t address;		/* on the bus */
	uint64_t bytes;
};

struct vfu_dma_unmap {
	uint32_t argsz;
	uint32_t flags;			/* VFIO_DMA_UNMAP_FLAG_ALL */
	uint64_t address;
	uint64_t bytes;
};

struct vfu_device_info {
	uint32_t argsz;
	uint32_t flags;			/* VFIO_DEVICE_FLAGS_RESET, _PCI */
	uint32_t regions;
	uint32_t irqs;
};

/* What a region with a part that can be mapped replies. */
struct vfu_region_info {
	struct vfio_region_info info;
	struct vfio_info_cap_header cap;
	uint32_t areas;			/* 1 */
	uint32_t reserved;
	struct vfio_region_sparse_mmap_area area;
};

/* Booleans of a byte may follow. */
struct vfu_irq_set {
	uint32_t argsz;
	uint32_t flags;			/* VFIO_IRQ_SET_DATA_*, _ACTION_* */
	uint32_t index;
	uint32_t start;
	uint32_t count;
};

/* The data follows: of a write in the request, of a read in the reply. */
struct vfu_access {
	uint64_t offset;
	uint32_t region;
	uint32_t bytes;
};

/* One of those that follow the count, a uint64_t, in REGION_WRITE_MULTI. */
struct vfu_write_one {
	struct vfu_access at;
	uint8_t data[8];
};

_Static_assert(sizeof(struct vfu_header) == 16, "header");
_Static_assert(sizeof(struct vfu_version) == 4, "VERSION");
_Static_assert(sizeof(struct vfu_dma_map) == 32, "DMA_MAP");
_Static_assert(sizeof(struct vfu_dma_unmap) == 24, "DMA_UNMAP");
_Static_assert(sizeof(struct vfu_device_info) == 16, "GET_INFO");
_Static_assert(sizeof(struct vfio_region_info) == 32, "GET_REGION_INFO");
_Static_assert(sizeof(struct vfu_region_info) == 64, "GET_REGION_INFO, mmap");
_Static_assert(sizeof(struct vfio_irq_info) == 16, "GET_IRQ_INFO");
_Static_assert(sizeof(struct vfu_irq_set) == 20, "SET_IRQS");
_Static_assert(sizeof(struct vfu_access) == 16, "REGION_READ, _WRITE");
_Static_assert(sizeof(struct vfu_write_one) == 24, "REGION_WRITE_MULTI");

#endif
