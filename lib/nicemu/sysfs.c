/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "sysfs.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "part.h"

#define VENDOR_MELLANOX 0x15b3
#define UVERBS_MAJOR 231

struct tree {
	const struct conf *c;
	char *why;
	size_t len;
	int err; /* first error, nothing is written after it */
};

static void
tree_fail(struct tree *t, const char *path)
{
	t->err = -errno;
	snprintf(t->why, t->len, "%s: %s", path, strerror(errno));
}

static void
make_path(const struct tree *t, char *path, const char *fmt, va_list ap)
{
	int at = snprintf(path, PATH_MAX, "%s/", t->c->tree);

	vsnprintf(path + at, (size_t)(PATH_MAX - at), fmt, ap);
}

/* A directory with those above it. */
static void __attribute__((format(printf, 2, 3))) make_dir(struct tree *t, const char *fmt, ...)
{
	char path[PATH_MAX], *p;
	va_list ap;

	va_start(ap, fmt);
	make_path(t, path, fmt, ap);
	va_end(ap);
	for (p = path + strlen(t->c->tree) + 1; t->err == 0; p++) {
		if (*p != '/' && *p != '\0')
			continue;
		if (*p == '\0') {
			if (mkdir(path, 0755) != 0 && errno != EEXIST)
				tree_fail(t, path);
			return;
		}
		*p = '\0';
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			tree_fail(t, path);
		*p = '/';
	}
}

static void __attribute__((format(printf, 3, 4)))
make_link(struct tree *t, const char *target, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;

	if (t->err != 0)
		return;
	va_start(ap, fmt);
	make_path(t, path, fmt, ap);
	va_end(ap);
	if (symlink(target, path) != 0)
		tree_fail(t, path);
}

static void __attribute__((format(printf, 4, 5)))
make_file(struct tree *t, const char *dir, const char *name, const char *fmt, ...)
{
	char path[PATH_MAX];
	va_list ap;
	FILE *f;

	if (t->err != 0)
		return;
	snprintf(path, sizeof(path), "%s/%s/%s", t->c->tree, dir, name);
	f = fopen(path, "we");
	if (f == NULL) {
		tree_fail(t, path);
		return;
	}
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	if (fclose(f) != 0)
		tree_fail(t, path);
}

uint64_t
sysfs_guid(const struct conf_func *f)
{
	const uint8_t *m = f->mac.ether_addr_octet;

	return (uint64_t)(m[0] ^ 2) << 56 | (uint64_t)m[1] << 48 | (uint64_t)m[2] << 40 |
		0xfffeull << 24 | (uint64_t)m[3] << 16 | (uint64_t)m[4] << 8 | m[5];
}

static void
print_guid(uint64_t guid, char *buf, size_t len)
{
	snprintf(buf, len, "%04x:%04x:%04x:%04x", (unsigned int)(guid >> 48) & 0xffff,
		(unsigned int)(guid >> 32) & 0xffff, (unsigned int)(guid >> 16) & 0xffff,
		(unsigned int)guid & 0xffff);
}

/* /sys/bus/pci/devices/BDF. Linux drivers/pci/pci-sysfs.c */
static void
make_pci(struct tree *t, const struct conf_func *f, unsigned int idx)
{
	static const char resource[] = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
	const char *kind = idx == 0 ? "0016" : "0000"; /* subsystem device */
	char dir[64], link[64];
	unsigned int i;

	snprintf(dir, sizeof(dir), "bus/pci/devices/%s", f->bdf);
	make_dir(t, "%s", dir);
	make_file(t, dir, "vendor", "0x%04x\n", VENDOR_MELLANOX);
	make_file(t, dir, "device", "0x%04x\n", f->device_id);
	make_file(t, dir, "subsystem_vendor", "0x%04x\n", VENDOR_MELLANOX);
	make_file(t, dir, "subsystem_device", "0x%s\n", kind);
	make_file(t, dir, "class", "0x020000\n");
	make_file(t, dir, "revision", "0x00\n");
	make_file(t, dir, "numa_node", "%d\n", f->numa_node);
	make_file(t, dir, "modalias", "pci:v%08Xd%08Xsv%08Xsd0000%sbc02sc00i00\n", VENDOR_MELLANOX,
		f->device_id, VENDOR_MELLANOX, kind);
	make_file(t, dir, "uevent",
		"DRIVER=mlx5_core\nPCI_CLASS=20000\nPCI_ID=%04X:%04X\n"
		"PCI_SUBSYS_ID=%04X:%s\nPCI_SLOT_NAME=%s\n",
		VENDOR_MELLANOX, f->device_id, VENDOR_MELLANOX, kind, f->bdf);
	make_file(t, dir, "resource", "%s%s%s%s%s%s", resource, resource, resource, resource,
		resource, resource);
	make_file(t, dir, "roce_enable", "0\n");
	make_link(t, "../../drivers/mlx5_core", "%s/driver", dir);
	if (idx != 0) {
		snprintf(link, sizeof(link), "../%s", t->c->funcs[0].bdf);
		make_link(t, link, "%s/physfn", dir);
		return;
	}
	make_file(t, dir, "sriov_totalvfs", "%u\n", t->c->n_funcs - 1);
	make_file(t, dir, "sriov_numvfs", "%u\n", t->c->n_funcs - 1);
	for (i = 1; i < t->c->n_funcs; i++) {
		snprintf(link, sizeof(link), "../%s", t->c->funcs[i].bdf);
		make_link(t, link, "%s/virtfn%u", dir, i - 1);
	}
}

/* Linux core/sysfs.c state_show(), phys_state_show(). */
static void
make_link_state(struct tree *t, const char *port, bool up)
{
	make_file(t, port, "state", up ? "4: ACTIVE\n" : "1: DOWN\n");
	make_file(t, port, "phys_state", up ? "5: LinkUp\n" : "3: Disabled\n");
}

/* Ports of a device. Linux drivers/infiniband/core/sysfs.c; GIDs as RoCE makes them from a
 * link-local address. */
static void
make_port(struct tree *t, const struct conf_func *f, const char *dir)
{
	char guid[24], port[128], idx[8];
	unsigned int i;

	print_guid(sysfs_guid(f), guid, sizeof(guid));
	make_dir(t, "%s/ports/1/gids", dir);
	make_dir(t, "%s/ports/1/pkeys", dir);
	make_dir(t, "%s/ports/1/gid_attrs/types", dir);
	snprintf(port, sizeof(port), "%s/ports/1", dir);
	make_link_state(t, port, true);
	make_file(t, port, "link_layer", "Ethernet\n");
	make_file(t, port, "rate", "100 Gb/sec (4X EDR)\n");
	make_file(t, port, "cap_mask", "0x04010000\n");
	make_file(t, port, "lid", "0x0\n");
	make_file(t, port, "sm_lid", "0x0\n");
	make_file(t, port, "pkeys/0", "0xffff\n");
	for (i = 0; i < SYSFS_GIDS; i++) {
		snprintf(idx, sizeof(idx), "%u", i);
		snprintf(port, sizeof(port), "%s/ports/1/gids", dir);
		make_file(t, port, idx, "fe80:0000:0000:0000:%s\n", guid);
		snprintf(port, sizeof(port), "%s/ports/1/gid_attrs/types", dir);
		make_file(t, port, idx, "%s\n", i == 0 ? "IB/RoCE v1" : "RoCE v2");
	}
}

/* /sys/class/infiniband/IBDEV. Linux drivers/infiniband/core/sysfs.c, hw/mlx5/main.c */
static void
make_ibdev(struct tree *t, const struct conf_func *f)
{
	char dir[64], guid[24], link[64];

	snprintf(dir, sizeof(dir), "class/infiniband/%s", f->ibdev);
	make_dir(t, "%s", dir);
	print_guid(sysfs_guid(f), guid, sizeof(guid));
	make_file(t, dir, "node_type", "1: CA\n");
	make_file(t, dir, "node_guid", "%s\n", guid);
	print_guid(sysfs_guid(&t->c->funcs[0]), guid, sizeof(guid));
	make_file(t, dir, "sys_image_guid", "%s\n", guid);
	make_file(t, dir, "node_desc", "%s\n", f->ibdev);
	make_file(t, dir, "fw_ver", "%s\n", t->c->fw_ver);
	make_file(t, dir, "board_id", "%s\n", part_find(t->c->part)->psid);
	make_file(t, dir, "hca_type", "MT%u\n", f->device_id);
	make_file(t, dir, "hw_rev", "0\n");
	snprintf(link, sizeof(link), "../../../bus/pci/devices/%s", f->bdf);
	make_link(t, link, "%s/device", dir);
	make_port(t, f, dir);
}

/* /sys/class/infiniband_verbs/uverbsN. Linux drivers/infiniband/core/uverbs_main.c */
static void
make_uverbs(struct tree *t, const struct conf_func *f)
{
	char dir[64], link[64];

	snprintf(dir, sizeof(dir), "class/infiniband_verbs/%s", f->uverbs);
	make_dir(t, "%s", dir);
	make_file(t, dir, "ibdev", "%s\n", f->ibdev);
	make_file(t, dir, "dev", "%u:%u\n", UVERBS_MAJOR, f->minor);
	make_file(t, dir, "abi_version", "1\n");
	snprintf(link, sizeof(link), "../../../bus/pci/devices/%s", f->bdf);
	make_link(t, link, "%s/device", dir);
	/* the same directories below the PCI device, where the kernel has the real ones */
	make_dir(t, "bus/pci/devices/%s/infiniband", f->bdf);
	make_dir(t, "bus/pci/devices/%s/infiniband_verbs", f->bdf);
	snprintf(link, sizeof(link), "../../../../../class/infiniband/%s", f->ibdev);
	make_link(t, link, "bus/pci/devices/%s/infiniband/%s", f->bdf, f->ibdev);
	snprintf(link, sizeof(link), "../../../../../class/infiniband_verbs/%s", f->uverbs);
	make_link(t, link, "bus/pci/devices/%s/infiniband_verbs/%s", f->bdf, f->uverbs);
}

/* Does readdir() find the newest entry of a directory there first? */
static bool
newest_first(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == TMPFS_MAGIC;
}

int
sysfs_create(const struct conf *c, char *why, size_t len)
{
	struct tree t = {.c = c, .why = why, .len = len};
	bool backwards = newest_first(c->tree);
	const struct conf_func *f;
	unsigned int i, idx;

	make_dir(&t, "bus/pci/drivers/mlx5_core");
	make_dir(&t, "class/infiniband_verbs");
	make_dir(&t, "dev/infiniband");
	make_file(&t, "class/infiniband_verbs", "abi_version", "6\n");
	/* Programs list devices as they find them: the PF is to be the first, as on most machines.
	 */
	for (i = 0; i < c->n_funcs; i++) {
		idx = backwards ? c->n_funcs - 1 - i : i;
		f = &c->funcs[idx];
		make_pci(&t, f, idx);
		make_ibdev(&t, f);
		make_uverbs(&t, f);
		make_file(&t, "dev/infiniband", f->uverbs, "%s", "");
	}
	return t.err;
}

void
sysfs_link(const struct conf_func *f, const struct conf *c, bool up)
{
	char why[64], port[64];
	struct tree t = {.c = c, .why = why, .len = sizeof(why)};

	if (c->tree[0] == '\0')
		return;
	snprintf(port, sizeof(port), "class/infiniband/%s/ports/1", f->ibdev);
	make_link_state(&t, port, up);
}
