/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "nic_own.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "ctl.h"
#include "dp/dp.h"
#include "dp/sniff.h"
#include "fw/fw.h"
#include "mem/mem.h"
#include "report.h"
#include "timing.h"
#include "trace.h"
#include "wire/wire.h"

static struct conf the_conf;
static const struct conf *conf_ptr;
static pthread_once_t conf_once = PTHREAD_ONCE_INIT;
static struct nic *the_nic;
static struct ctl *the_ctl;

static void
conf_load(void)
{
	const char *path = getenv("NICEMU_CONFIG");
	char why[512];

	if (path == NULL || *path == '\0')
		return;
	if (conf_read(&the_conf, path, why, sizeof(why)) != 0) {
		fprintf(stderr, "nicemu: no NIC: %s\n", why);
		return;
	}
	conf_ptr = &the_conf;
}

const struct conf *
nic_conf(void)
{
	pthread_once(&conf_once, conf_load);
	return conf_ptr;
}

bool
nic_verbose(void)
{
	static int verbose = -1;
	const char *s;

	if (verbose < 0) {
		s = getenv("NICEMU_VERBOSE");
		verbose = s != NULL && *s != '\0' && strcmp(s, "0") != 0;
	}
	return verbose != 0;
}

static void
func_free(struct nic_func *f)
{
	fw_func_fini(f);
	pthread_mutex_destroy(&f->flows_lock);
	free(f);
}

_Static_assert(CONF_MAX_MC <= NIC_MAX_MC, "a vport has no room for what a description lists");

static int
func_create(struct nic *nic, unsigned int idx)
{
	const struct conf_func *conf = &nic->conf->funcs[idx];
	struct nic_func *f = calloc(1, sizeof(*f));
	int ret;

	if (f == NULL)
		return -ENOMEM;
	f->nic = nic;
	f->idx = idx;
	f->is_vf = idx != 0;
	f->vhca_id = (uint16_t)idx;
	f->conf = conf;
	f->vport.mac = conf->mac;
	f->vport.trusted = conf->trusted;
	f->vport.promisc = conf->promisc;
	f->vport.allmulti = conf->allmulti;
	f->vport.n_mc = conf->n_mc;
	memcpy(f->vport.mc, conf->mc, sizeof(conf->mc));
	f->vport.mtu = conf->mtu;
	pthread_mutex_init(&f->flows_lock, NULL);
	ret = fw_func_init(f);
	if (ret != 0) {
		fprintf(stderr, "nicemu: %s: no firmware: %s\n", conf->ibdev, strerror(-ret));
		pthread_mutex_destroy(&f->flows_lock);
		free(f);
		return ret;
	}
	nic->funcs[nic->n_funcs++] = f;
	return 0;
}

static void
nic_free(struct nic *nic)
{
	while (nic->n_funcs > 0)
		func_free(nic->funcs[--nic->n_funcs]);
	trace_close(nic->trace);
	timing_free(nic->timing);
	pthread_mutex_destroy(&nic->link_lock);
	pthread_mutex_destroy(&nic->fw_lock);
	free(nic);
}

static int
nic_create(const struct conf *conf, struct nic **out)
{
	struct nic *nic = calloc(1, sizeof(*nic));
	unsigned int i;
	int ret = 0;

	if (nic == NULL)
		return -ENOMEM;
	nic->conf = conf;
	pthread_mutex_init(&nic->fw_lock, NULL);
	if (conf->trace[0] != '\0') {
		ret = trace_open(conf->trace, &nic->trace);
		if (ret != 0)
			fprintf(stderr, "nicemu: trace %s: %s\n", conf->trace, strerror(-ret));
	}
	if (ret == 0 && conf_is_timed(conf)) {
		nic->timing = timing_start(&conf->timing);
		ret = nic->timing != NULL ? 0 : -ENOMEM;
	}
	pthread_mutex_init(&nic->link_lock, NULL);
	nic->carrier = true;
	nic->carrier_changed = fw_port_update;
	for (i = 0; ret == 0 && i < conf->n_funcs; i++)
		ret = func_create(nic, i);
	if (ret != 0)
		goto fail;
	for (i = 0; i < conf->n_faults; i++)
		fault_add(nic, &conf->faults[i]);
	ret = sniff_start_all(nic);
	if (ret != 0)
		goto fail;
	ret = dp_start(nic);
	if (ret != 0) {
		fprintf(stderr, "nicemu: no data path (wire %s): %s\n", conf->wire, strerror(-ret));
		goto stop_sniff;
	}
	*out = nic;
	return 0;
stop_sniff:
	sniff_stop_all(nic);
fail:
	nic_free(nic);
	return ret;
}

int
nic_get(struct nic **out)
{
	const struct conf *conf = nic_conf();
	struct nic *nic;
	int ret;

	if (the_nic != NULL) {
		*out = the_nic;
		return 0;
	}
	if (conf == NULL)
		return -ENODEV;
	ret = mem_guard_init();
	if (ret != 0)
		return ret;
	ret = nic_create(conf, &nic);
	if (ret != 0)
		return ret;
	/* A NIC that can't be asked still works: another process may own the socket. */
	if (conf->ctl[0] != '\0')
		the_ctl = ctl_start(nic, conf->ctl);
	the_nic = nic;
	*out = nic;
	return 0;
}

static void
report_objects(struct nic *nic)
{
	char request[] = "objects", *text = ctl_answer(nic, request);

	if (text != NULL)
		report_add(nic->conf, REPORT_OBJECTS, text);
	free(text);
}

void
nic_stop(void)
{
	if (the_nic == NULL)
		return;
	if (the_nic->conf->objects)
		report_objects(the_nic);
	ctl_stop(the_ctl);
	the_ctl = NULL;
	dp_stop(the_nic);
	sniff_stop_all(the_nic);
}

void
nic_forget(void)
{
	if (the_nic != NULL && the_nic->wire != NULL)
		wire_forget(the_nic->wire);
	the_nic = NULL;
	the_ctl = NULL;
}
