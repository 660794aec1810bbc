/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The request that looks for impossible states of the NIC.
 */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "conf.h"
#include "ctl.h"
#include "fw/fw_check.h"
#include "uverbs/file.h"

const char *
ctl_check(struct nic *nic, char *arg, cJSON *j, char *why, size_t len)
{
	unsigned int i, faults = 0;
	char first[256], one[256];
	unsigned int found;

	if (*arg != '\0')
		return "this request takes no words";
	for (i = 0; i < nic->n_funcs; i++) {
		found = fw_check(nic->funcs[i], one, sizeof(one));
		if (found > 0 && faults == 0)
			snprintf(first, sizeof(first), "%s: %.200s", nic->funcs[i]->conf->ibdev,
				one);
		faults += found;
	}
	found = file_check(one, sizeof(one));
	if (found > 0 && faults == 0)
		snprintf(first, sizeof(first), "%.200s", one);
	faults += found;
	cJSON_AddNumberToObject(j, "faults", faults);
	if (faults == 0)
		return NULL;
	snprintf(why, len, "%u impossible states, the first: %s", faults, first);
	return why;
}
