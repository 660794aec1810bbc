/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <linux/virtio_ring.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_atomic.h>
#include <rte_cycles.h>

#include "ioas_rig.h"

#define FRAME_BYTES (12u + 60u) /* virtio_net_hdr_v1 and the smallest frame */
#define PROBE_QUEUE 1 /* odd queues send */
#define PROBE_WAIT_MS 20000

int
guest_file_open(struct guest_file *f, uint64_t len)
{
	int ret;

	f->len = len;
	f->view = NULL;
	f->fd = memfd_create("guest", MFD_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	if (ftruncate(f->fd, (off_t)len) == 0) {
		f->view = mmap(
			NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, f->fd, 0);
		if (f->view != MAP_FAILED)
			return 0;
	}
	ret = -errno;
	f->view = NULL;
	guest_file_close(f);
	return ret;
}

void
guest_file_close(struct guest_file *f)
{
	if (f->view != NULL)
		munmap(f->view, f->len);
	if (f->fd >= 0)
		close(f->fd);
	f->view = NULL;
	f->fd = -1;
}

struct hf_ioas_region
guest_file_at(const struct guest_file *f, uint64_t gpa)
{
	return (struct hf_ioas_region){.gpa = gpa, .len = f->len, .fd = f->fd};
}

/* One buffer in slot 0, for the device to read. */
static void
probe_fill(const struct dma_probe *p)
{
	struct vring_desc *desc = (struct vring_desc *)p->desc.view;
	struct vring_avail *avail = (struct vring_avail *)p->avail.view;

	memset(desc, 0, RIG_RING_SIZE * sizeof(*desc));
	memset(p->used.view, 0, 4 + RIG_RING_SIZE * sizeof(struct vring_used_elem));
	if (p->buf.view != NULL)
		memset(p->buf.view, 0, FRAME_BYTES);
	desc[0].addr = htole64(p->buf.gpa);
	desc[0].len = htole32(FRAME_BYTES);
	avail->flags = 0;
	avail->ring[0] = 0;
	rte_wmb();
	avail->idx = htole16(1);
}

static bool
probe_wait(struct rig_vq *q, const struct dma_probe *p)
{
	volatile struct vring_used *used = (volatile struct vring_used *)p->used.view;
	struct hf_virtq_status st = {.state = HF_VIRTQ_RDY};
	unsigned int ms;

	for (ms = 0; ms < PROBE_WAIT_MS; ms++) {
		if (le16toh(used->idx) == 1)
			return used->ring[0].id == 0;
		if (hf_virtq_query(&q->vq, &st) != 0 || st.state == HF_VIRTQ_ERR)
			return false;
		rte_delay_us_sleep(1000);
	}
	fprintf(stderr, "the NIC has not used the buffer in %u ms\n", PROBE_WAIT_MS);
	return false;
}

static bool
probe_run(struct rig *rig, struct rig_vq *q, const struct dma_probe *p)
{
	struct hf_var var;
	bool used = false;

	if (hf_var_create(rig->dev, &var) != 0)
		return false;
	probe_fill(p);
	if (rig_vq_move(q, HF_VIRTQ_RDY) == 0) {
		rte_wmb();
		*(volatile uint32_t *)var.page = q->attr.index;
		used = probe_wait(q, p);
	}
	hf_var_destroy(&var);
	return used;
}

bool
dma_probe(struct rig *rig, uint32_t mkey, const struct dma_probe *p)
{
	struct rig_vq q;
	bool used = false;

	if (rig_vq_create(rig, PROBE_QUEUE, false, &q) != 0)
		return false;
	/* The rig's queue is on the rig's memory: the same one again, on ours. */
	if (hf_virtq_destroy(&q.vq) == 0 && hf_eqp_reset(q.eqp) == 0) {
		q.attr.desc = p->desc.gpa;
		q.attr.avail = p->avail.gpa;
		q.attr.used = p->used.gpa;
		q.attr.mkey = mkey;
		if (hf_virtq_create(rig->dev, &q.attr, &q.vq) == 0)
			used = probe_run(rig, &q, p);
	}
	rig_vq_destroy(&q);
	return used;
}

unsigned int
process_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir != NULL && readdir(dir) != NULL)
		n++;
	if (dir != NULL)
		closedir(dir);
	return n;
}

unsigned int
process_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned int n = 0;
	char line[512];

	/* Others come and go with the allocator. */
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "/memfd:guest") != NULL;
	if (f != NULL)
		fclose(f);
	return n;
}
