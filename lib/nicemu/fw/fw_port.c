/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Links of port and vports, and who hears of a change. A frame of a vport without a link is dropped
 * and counted by the e-switch.
 */
#include <infiniband/verbs.h>

#include "../sysfs.h"
#include "../uverbs/uverbs.h"
#include "fw_int.h"

/* eqe.event_sub_type of a port's change: Linux mlx5_ifc.h MLX5_PORT_CHANGE_SUBTYPE_* */
#define SUBTYPE_DOWN 1
#define SUBTYPE_ACTIVE 4
#define PORT_BYTE \
	8 /* of the event's data: number of the port in the upper half (mlx5_eqe_port_state) */

static bool
link_now(const struct nic_func *f)
{
	if (fw_is_dead(f) || f->link_admin == NIC_LINK_DOWN)
		return false;
	return f->link_admin == NIC_LINK_UP || !atomic_load(&f->nic->port_down);
}

/* To those who subscribed to it through DevX, and to all (mlx5_ib main.c mlx5_netdev_event()). */
static void
tell(struct nic_func *f, bool up)
{
	uint8_t eqe[DEVX_ST_SZ_BYTES(eqe)] = {0};

	sysfs_link(f->conf, f->nic->conf, up);
	if (fw_is_dead(f))
		return;
	DEVX_SET(eqe, eqe, event_type, MLX5_EVENT_TYPE_PORT_CHANGE);
	DEVX_SET(eqe, eqe, event_sub_type, up ? SUBTYPE_ACTIVE : SUBTYPE_DOWN);
	((uint8_t *)DEVX_ADDR_OF(eqe, eqe, event_data))[PORT_BYTE] = 1 << 4;
	uverbs_event(f, MLX5_EVENT_TYPE_PORT_CHANGE, NIC_OBJ_TYPES, 0, eqe);
	uverbs_async(f, up ? IBV_EVENT_PORT_ACTIVE : IBV_EVENT_PORT_ERR, 1);
}

static void
update(struct nic *nic)
{
	unsigned int i;
	bool up;

	atomic_store(&nic->port_down, nic->port_off || !atomic_load(&nic->carrier));
	for (i = 0; i < nic->n_funcs; i++) {
		up = link_now(nic->funcs[i]);
		if (atomic_exchange(&nic->funcs[i]->link_down, !up) == up)
			tell(nic->funcs[i], up);
	}
}

void
fw_port_update(struct nic *nic)
{
	pthread_mutex_lock(&nic->link_lock);
	update(nic);
	pthread_mutex_unlock(&nic->link_lock);
}

void
fw_port_set(struct nic *nic, bool up)
{
	pthread_mutex_lock(&nic->link_lock);
	nic->port_off = !up;
	update(nic);
	pthread_mutex_unlock(&nic->link_lock);
}

void
fw_vport_set(struct nic_func *f, enum nic_link link)
{
	pthread_mutex_lock(&f->nic->link_lock);
	f->link_admin = link;
	update(f->nic);
	pthread_mutex_unlock(&f->nic->link_lock);
}
