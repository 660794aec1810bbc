/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Description of a NIC, read from an INI file (libinih). nicemu writes one, the preload library
 * reads it.
 */
#ifndef NICEMU_CONF_H
#define NICEMU_CONF_H

#include <net/ethernet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <stdio.h>

#include "fault.h"

#define CONF_MAX_VFS 64
#define CONF_MAX_QUEUES 256
#define CONF_MAX_CAPS 64
#define CONF_MAX_MC 16 /* multicast addresses of a function */
#define CONF_MAX_PCAPS 16
#define CONF_STR 176 /* with its key it has to fit in a line of libinih: 199 characters */

struct conf_cap {
	char name[48];
	uint64_t value;
};

struct conf_func {
	char bdf[16]; /* 0000:ca:00.2 */
	char ibdev[16]; /* mlx5_1 */
	char uverbs[16]; /* uverbs1 */
	unsigned int minor; /* of /dev/infiniband/uverbsN, major 231 */
	uint16_t device_id; /* PCI */
	struct ether_addr mac;
	int numa_node;
	bool trusted, promisc, allmulti;
	unsigned int n_mc;
	struct ether_addr mc[CONF_MAX_MC]; /* multicast addresses that it gets */
	uint16_t mtu;
	unsigned int queues; /* virtqueues: max_num_virtio_queues */
	unsigned int n_caps;
	struct conf_cap caps[CONF_MAX_CAPS]; /* on top of the adapter's */
};

/* What takes how long (timing.h), at a scale of 1. */
struct conf_timing {
	char profile[CONF_STR]; /* "none": nothing does */
	double scale; /* all times by this */
	unsigned int commands; /* that the firmware works on at once */
	unsigned int command_us, virtq_create_us, virtq_suspend_us, virtq_resume_us;
	unsigned int virtq_modify_one_us, virtq_modify_us;
	unsigned int pin_us_per_gib; /* of one thread */
	unsigned int pin_gib_per_s; /* of all together */
	unsigned int unpin_percent; /* of the same time */
};

/* A port that is captured from the start. */
struct conf_pcap {
	int port; /* index of a function, -1: the NIC's own */
	char path[CONF_STR];
};

struct conf {
	char part[32]; /* see part.h */
	char fw_ver[32];
	char wire[CONF_STR]; /* see wire.h */
	bool learn; /* e-switch learns addresses */
	bool memlock; /* RLIMIT_MEMLOCK limits what is pinned */
	bool leaks; /* tell what a process leaves in a device that it closes */
	bool objects; /* tell what there is at exit */
	unsigned int engines;
	char cpus[CONF_STR]; /* "1" or "0,1" or empty: any */
	char ctl[CONF_STR]; /* path of the control socket, empty: none */
	char trace[CONF_STR]; /* file of the trace, "-": stderr, empty: none */
	char tree[CONF_STR]; /* root of the generated sysfs tree */
	unsigned int n_funcs;
	struct conf_func *funcs; /* [0] is the PF */
	unsigned int n_caps;
	struct conf_cap caps[CONF_MAX_CAPS]; /* of all functions */
	unsigned int n_faults;
	struct fault faults[FAULTS_MAX];
	unsigned int n_pcaps;
	struct conf_pcap pcaps[CONF_MAX_PCAPS];
	struct conf_timing timing;
};

/* All return 0 or a negative errno, and then 'why' says what is wrong, with the value and what is
 * allowed. */
int conf_default(struct conf *c, unsigned int n_vfs, char *why, size_t len);
int conf_read(struct conf *c, const char *path, char *why, size_t len);
int conf_write(const struct conf *c, FILE *f);
int conf_check(const struct conf *c, char *why, size_t len);
void conf_free(struct conf *c);

/*
 * Set one thing from its text. func: index of a function, or -1 for the adapter (conf_set) or all
 * functions (conf_set_cap). conf_set(): the key mc of a function adds to what is there, any other
 * replaces it. conf_set_cap(): name and value of a capability; an unknown name lists
 * those that are close to it. conf_set_fail(): a spec as in fault.h. conf_set_timing(): a key of
 * [timing]; conf_read_timing(): all of a profile's file, on top of nothing modelled.
 */
int conf_set(struct conf *c, int func, const char *key, const char *value, char *why, size_t len);
int conf_set_cap(
	struct conf *c, int func, const char *name, const char *value, char *why, size_t len);
/* The adapter, with its ids, version and number of virtqueues for all functions. */
int conf_set_part(struct conf *c, const char *name, char *why, size_t len);
int conf_set_fail(struct conf *c, const char *spec, char *why, size_t len);
/* conf_set_pcap(): "[PORT=]FILE", one more. conf_find_port(): a PORT; -1: the NIC's own. */
int conf_set_timing(struct conf *c, const char *key, const char *value, char *why, size_t len);
int conf_read_timing(struct conf *c, const char *path, char *why, size_t len);
void conf_default_timing(struct conf *c); /* none */
bool conf_is_timed(const struct conf *c);
int conf_set_pcap(struct conf *c, const char *spec, char *why, size_t len);
int conf_find_port(const struct conf *c, const char *name, int *port, char *why, size_t len);
void conf_print_pcap(const struct conf_pcap *p, char *buf, size_t len);
/*
 * Add to a function's multicast addresses, parted by spaces or commas; one that is listed already
 * is no error. After an error the list is what it was.
 */
int conf_add_mc(struct conf_func *f, const char *list, char *why, size_t len);
/* Index of a function by number, RDMA device or PCI address; -1: none. */
int conf_find_func(const struct conf *c, const char *name);
/* A whole number, decimal, 0x hexadecimal or 0 octal, nothing after it. 0 or -EINVAL. */
int conf_number(const char *s, int64_t *v);

/*
 * The keys of the sections [nic], [timing] and [func N], for all who read, write or explain them.
 * Those that may be there several times are not among them: fail, pcap, mc, and the capabilities.
 */
enum conf_type {
	CONF_TEXT,
	CONF_BOOL,
	CONF_UINT,
	CONF_U16,
	CONF_HEX16,
	CONF_INT,
	CONF_REAL,
	CONF_MAC
};
struct conf_key {
	const char *name;
	enum conf_type type;
	size_t off, size; /* in struct conf, conf_timing or conf_func; size of a text */
	int64_t min, max; /* of a number; of a real one the least is left out */
	const char *help;
};
extern const struct conf_key conf_nic_keys[], conf_timing_keys[], conf_func_keys[];
extern const unsigned int conf_n_nic_keys, conf_n_timing_keys, conf_n_func_keys;
/* The value of a key as text, as conf_set() takes it. */
void conf_print(const struct conf_key *k, const void *base, char *buf, size_t len);

void conf_print_mac(const struct ether_addr *mac, char *buf, size_t len);

#endif /* NICEMU_CONF_H */
