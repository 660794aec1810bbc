/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The multicast list of a function. On a real NIC its driver writes it (MODIFY_NIC_VPORT_CONTEXT,
 * Linux mlx5 vport.c); a vDPA driver does not, so here the description does.
 */
#include "conf.h"

#include <errno.h>
#include <netinet/ether.h>
#include <string.h>

#define SEPARATORS " \t,"

static bool
listed(const struct conf_func *f, const struct ether_addr *mac)
{
	unsigned int i;

	for (i = 0; i < f->n_mc; i++) {
		if (memcmp(&f->mc[i], mac, sizeof(*mac)) == 0)
			return true;
	}
	return false;
}

/* The first n characters of 'text' are one address. */
static int
add_one(struct conf_func *f, const char *text, size_t n, char *why, size_t len)
{
	static const struct ether_addr broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	struct ether_addr mac;
	char one[18] = "";

	if (n < sizeof(one))
		memcpy(one, text, n);
	if (ether_aton_r(one, &mac) == NULL || (mac.ether_addr_octet[0] & 1) == 0 ||
		memcmp(&mac, &broadcast, sizeof(mac)) == 0) {
		snprintf(why, len, "mc: '%.*s': want multicast addresses like 33:33:00:00:00:01",
			(int)n, text);
		return -EINVAL;
	}
	if (listed(f, &mac))
		return 0;
	if (f->n_mc == CONF_MAX_MC) {
		snprintf(why, len, "mc: '%.*s': a function lists at most %u addresses", (int)n,
			text, CONF_MAX_MC);
		return -EINVAL;
	}
	f->mc[f->n_mc++] = mac;
	return 0;
}

int
conf_add_mc(struct conf_func *f, const char *list, char *why, size_t len)
{
	struct conf_func was = *f;
	size_t n;
	int ret;

	list += strspn(list, SEPARATORS);
	while (*list != '\0') {
		n = strcspn(list, SEPARATORS);
		ret = add_one(f, list, n, why, len);
		if (ret != 0) {
			*f = was;
			return ret;
		}
		list += n;
		list += strspn(list, SEPARATORS);
	}
	return 0;
}
