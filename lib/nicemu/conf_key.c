/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The keys of a description, each with its type and range: text to value and back.
 */
#include "conf.h"

#include <errno.h>
#include <netinet/ether.h>
#include <stdlib.h>
#include <string.h>

#include "nic.h"
#include "timing.h"

#define NIC_KEY(member, type, min, max, help) \
	{ \
#member, type, offsetof(struct conf, member), sizeof(((struct conf *)0)->member), \
			min, max, help \
	}
#define FUNC_KEY(member, type, min, max, help) \
	{ \
#member, type, offsetof(struct conf_func, member), \
			sizeof(((struct conf_func *)0)->member), min, max, help \
	}

#define TIMING_KEY(member, type, min, max, help) \
	{ \
#member, type, offsetof(struct conf_timing, member), \
			sizeof(((struct conf_timing *)0)->member), min, max, help \
	}
#define MAX_US 10000000 /* ten seconds */

/* clang-format off */
const struct conf_key conf_nic_keys[] = {
	NIC_KEY(part, CONF_TEXT, 0, 0, "the adapter: cx6dx is a ConnectX-6 Dx, cx5 a ConnectX-5, without virtqueues; sets device_id, fw_ver and queues"),
	NIC_KEY(fw_ver, CONF_TEXT, 0, 0, "firmware version that it tells"),
	NIC_KEY(wire, CONF_TEXT, 0, 0, "what its port is wired to: none, loop, tap:NAME, if:NAME, link:PATH, pcap:in=FILE,out=FILE"),
	NIC_KEY(learn, CONF_BOOL, 0, 1, "1: the e-switch learns addresses, 0: as legacy SR-IOV"),
	NIC_KEY(memlock, CONF_BOOL, 0, 1,
		"1: RLIMIT_MEMLOCK and CAP_IPC_LOCK limit what is pinned, as the kernel does"),
	NIC_KEY(leaks, CONF_BOOL, 0, 1, "1: report what is left behind in a device that is closed"),
	NIC_KEY(objects, CONF_BOOL, 0, 1, "1: report the objects that there are at exit"),
	NIC_KEY(engines, CONF_UINT, 1, NIC_MAX_ENGINES, "threads of the data path"),
	NIC_KEY(cpus, CONF_TEXT, 0, 0, "CPUs of the engines: 1 or 0,2-3; empty: any"),
	NIC_KEY(ctl, CONF_TEXT, 0, 0, "path of the control socket, empty: none"),
	NIC_KEY(trace, CONF_TEXT, 0, 0, "file of the trace of commands, -: stderr, empty: none"),
	NIC_KEY(tree, CONF_TEXT, 0, 0, "root of the generated sysfs tree, set by nicemu run"),
};

const struct conf_key conf_timing_keys[] = {
	TIMING_KEY(profile, CONF_TEXT, 0, 0, "name of these figures; none: nothing takes any time but the CPU's"),
	TIMING_KEY(scale, CONF_REAL, 0, 1000, "all times by this"),
	TIMING_KEY(commands, CONF_UINT, 1, TIMING_MAX_COMMANDS, "commands that the firmware works on at once"),
	TIMING_KEY(command_us, CONF_UINT, 0, MAX_US, "a command without a figure of its own, microseconds"),
	TIMING_KEY(virtq_create_us, CONF_UINT, 0, MAX_US, "CREATE of a virtqueue"),
	TIMING_KEY(virtq_suspend_us, CONF_UINT, 0, MAX_US, "MODIFY of its state to SUSPEND"),
	TIMING_KEY(virtq_resume_us, CONF_UINT, 0, MAX_US, "MODIFY of its state to RDY"),
	TIMING_KEY(virtq_modify_one_us, CONF_UINT, 0, MAX_US, "MODIFY of one other field"),
	TIMING_KEY(virtq_modify_us, CONF_UINT, 0, MAX_US, "MODIFY of several fields; a change of the state comes on top"),
	TIMING_KEY(pin_us_per_gib, CONF_UINT, 0, MAX_US, "to pin memory and to give the NIC its pages, one thread alone"),
	TIMING_KEY(pin_gib_per_s, CONF_UINT, 1, 1000000, "all threads together, GiB in a second"),
	TIMING_KEY(unpin_percent, CONF_UINT, 0, 1000, "to give it back, in percent of the time"),
};

const struct conf_key conf_func_keys[] = {
	FUNC_KEY(bdf, CONF_TEXT, 0, 0, "PCI address"),
	FUNC_KEY(ibdev, CONF_TEXT, 0, 0, "name of the RDMA device"),
	FUNC_KEY(uverbs, CONF_TEXT, 0, 0, "name of the device file in /dev/infiniband"),
	FUNC_KEY(minor, CONF_UINT, 0, 0xfffff, "minor number of that file, major is 231"),
	FUNC_KEY(device_id, CONF_HEX16, 1, 0xffff, "PCI device id"),
	FUNC_KEY(mac, CONF_MAC, 0, 0, "Ethernet address of its vport"),
	FUNC_KEY(numa_node, CONF_INT, -1, 1023, "NUMA node, -1: none"),
	FUNC_KEY(trusted, CONF_BOOL, 0, 1, "may be promiscuous (ip link set PF vf N trust on)"),
	FUNC_KEY(promisc, CONF_BOOL, 0, 1, "if trusted: unicast from the wire that is no function's, all multicast"),
	FUNC_KEY(allmulti, CONF_BOOL, 0, 1, "if trusted: all multicast"),
	FUNC_KEY(mtu, CONF_U16, 68, 9978, "largest IP packet, bytes"),
	FUNC_KEY(queues, CONF_UINT, 0, CONF_MAX_QUEUES, "virtqueues (max_num_virtio_queues)"),
};
/* clang-format on */
const unsigned int conf_n_nic_keys = sizeof(conf_nic_keys) / sizeof(conf_nic_keys[0]);
const unsigned int conf_n_timing_keys = sizeof(conf_timing_keys) / sizeof(conf_timing_keys[0]);
const unsigned int conf_n_func_keys = sizeof(conf_func_keys) / sizeof(conf_func_keys[0]);

int
conf_number(const char *s, int64_t *v)
{
	char *end;

	errno = 0;
	*v = *s == '-' ? strtoll(s, &end, 0) : (int64_t)strtoull(s, &end, 0);
	return errno != 0 || end == s || *end != '\0' ? -EINVAL : 0;
}

static int
set_text(const struct conf_key *k, char *dst, const char *value, char *why, size_t len)
{
	if (strlen(value) >= k->size) {
		snprintf(why, len, "%s: '%s' is longer than %zu characters", k->name, value,
			k->size - 1);
		return -EINVAL;
	}
	strcpy(dst, value);
	return 0;
}

static int
set_number(const struct conf_key *k, void *dst, const char *value, char *why, size_t len)
{
	int64_t v;

	if (conf_number(value, &v) != 0 || v < k->min || v > k->max) {
		snprintf(why, len, "%s: '%s': want a number from %lld to %lld", k->name, value,
			(long long)k->min, (long long)k->max);
		return -EINVAL;
	}
	switch (k->type) {
	case CONF_BOOL:
		*(bool *)dst = v != 0;
		break;
	case CONF_U16:
	case CONF_HEX16:
		*(uint16_t *)dst = (uint16_t)v;
		break;
	case CONF_INT:
		*(int *)dst = (int)v;
		break;
	default:
		*(unsigned int *)dst = (unsigned int)v;
	}
	return 0;
}

static int
set_real(const struct conf_key *k, double *dst, const char *value, char *why, size_t len)
{
	char *end;
	double v = strtod(value, &end);

	if (end == value || *end != '\0' || !(v > (double)k->min) || !(v <= (double)k->max)) {
		snprintf(why, len, "%s: '%s': want a number above %lld and up to %lld", k->name,
			value, (long long)k->min, (long long)k->max);
		return -EINVAL;
	}
	*dst = v;
	return 0;
}

static int
set_key(const struct conf_key *k, void *base, const char *value, char *why, size_t len)
{
	void *dst = (char *)base + k->off;

	if (k->type == CONF_TEXT)
		return set_text(k, dst, value, why, len);
	if (k->type == CONF_REAL)
		return set_real(k, dst, value, why, len);
	if (k->type != CONF_MAC)
		return set_number(k, dst, value, why, len);
	if (strlen(value) > 17 || ether_aton_r(value, dst) == NULL) {
		snprintf(why, len, "%s: '%s': want six bytes like 0c:42:a1:0e:00:01", k->name,
			value);
		return -EINVAL;
	}
	return 0;
}

/* -ENOENT: there is no such key, and 'why' lists those that there are. */
static int
find_and_set(const struct conf_key *keys, unsigned int n, void *base, const char *key,
	const char *value, char *why, size_t len)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < n; i++) {
		if (strcmp(keys[i].name, key) == 0)
			return set_key(&keys[i], base, value, why, len);
	}
	at = (size_t)snprintf(why, len, "unknown key '%s', allowed:", key);
	for (i = 0; i < n && at < len; i++)
		at += (size_t)snprintf(why + at, len - at, " %s", keys[i].name);
	return -ENOENT;
}

int
conf_set(struct conf *c, int func, const char *key, const char *value, char *why, size_t len)
{
	size_t at;
	int ret;

	if (func >= (int)c->n_funcs) {
		snprintf(why, len, "%s: no function %d, there are %u (0 is the PF)", key, func,
			c->n_funcs);
		return -EINVAL;
	}
	if (func < 0 && strcmp(key, "part") == 0)
		return conf_set_part(c, value, why, len);
	if (func < 0)
		return find_and_set(conf_nic_keys, conf_n_nic_keys, c, key, value, why, len);
	if (strcmp(key, "mc") == 0)
		return conf_add_mc(&c->funcs[func], value, why, len);
	ret = find_and_set(conf_func_keys, conf_n_func_keys, &c->funcs[func], key, value, why, len);
	at = strlen(why);
	if (ret == -ENOENT && at < len)
		snprintf(why + at, len - at, " mc");
	return ret;
}

int
conf_set_timing(struct conf *c, const char *key, const char *value, char *why, size_t len)
{
	return find_and_set(conf_timing_keys, conf_n_timing_keys, &c->timing, key, value, why, len);
}

void
conf_print_mac(const struct ether_addr *mac, char *buf, size_t len)
{
	const uint8_t *m = mac->ether_addr_octet;

	snprintf(buf, len, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
}

void
conf_print(const struct conf_key *k, const void *base, char *buf, size_t len)
{
	const void *src = (const char *)base + k->off;

	switch (k->type) {
	case CONF_TEXT:
		snprintf(buf, len, "%s", (const char *)src);
		break;
	case CONF_BOOL:
		snprintf(buf, len, "%d", *(const bool *)src);
		break;
	case CONF_U16:
		snprintf(buf, len, "%u", *(const uint16_t *)src);
		break;
	case CONF_HEX16:
		snprintf(buf, len, "0x%04x", *(const uint16_t *)src);
		break;
	case CONF_INT:
		snprintf(buf, len, "%d", *(const int *)src);
		break;
	case CONF_UINT:
		snprintf(buf, len, "%u", *(const unsigned int *)src);
		break;
	case CONF_REAL:
		snprintf(buf, len, "%g", *(const double *)src);
		break;
	case CONF_MAC:
		conf_print_mac(src, buf, len);
		break;
	}
}
