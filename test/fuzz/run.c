/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf.h"
#include "ctl.h"
#include "fuzz.h"
#include "fw/fw_check.h"
#include "fw/fw_int.h"
#include "mem/mem.h"
#include "nic_own.h"
#include "real.h"
#include "uverbs/file.h"
#include "uverbs/uverbs.h"

#define N_FUNCS 3u
#define ROOM 0x10000u /* of a mailbox */

static struct nic *nic;
static unsigned int base_fd; /* the first descriptor that no one had before this program */

void
run_fault(const struct run *r, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "fuzz-%s: step %u: ", fuzz_target.name, r->step);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

/* ---- the NIC ---- */

static unsigned int
first_free_fd(void)
{
	int fd = dup(STDERR_FILENO);

	if (fd >= 0)
		real_close()(fd);
	return (unsigned int)fd;
}

static int
describe(const char *text)
{
	int fd = memfd_create("fuzz-nic", 0);
	char path[32];

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return setenv("NICEMU_CONFIG", path, 1) == 0 ? 0 : -errno;
}

int
run_init(const char *description)
{
	int ret = describe(description), fd;

	if (ret != 0 || nic_conf() == NULL || nic_conf()->n_funcs != N_FUNCS)
		return -EINVAL;
	fd = file_open(&nic_conf()->funcs[0], O_RDWR);
	if (fd < 0)
		return -errno;
	ret = nic_get(&nic);
	close(fd);
	file_closed();
	return ret;
}

void
run_ask(const struct run *r, const char *fmt, ...)
{
	char line[CTL_LINE], *answer;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	answer = ctl_answer(nic, line);
	if (answer == NULL)
		run_fault(r, "no answer to a request");
	if (nic_verbose())
		fprintf(stderr, "  %u: %s: %s\n", r->step, line, answer);
	free(answer);
}

/* ---- objects ---- */

struct slot *
run_pick(struct run_ctx *c, enum cls k, unsigned int back, bool stale)
{
	unsigned int i, n = c->n[k] < RUN_SLOTS ? c->n[k] : RUN_SLOTS;
	struct slot *s, *found = NULL;

	for (i = 0; i < n; i++) {
		s = &c->slot[k][(c->n[k] - 1 - i) % RUN_SLOTS];
		if (s->live == stale)
			continue;
		found = s;
		if (back-- == 0)
			break;
	}
	return found;
}

uint32_t
run_id(struct run_ctx *c, enum cls k, unsigned int back, bool stale)
{
	const struct slot *s = run_pick(c, k, back, stale);

	return s != NULL ? s->id : 0;
}

/* ---- memory ---- */

/* Between pages that nobody may touch: what is registered must not reach what is somebody else's.
 */
static uint8_t *
map_between(size_t len, int prot, int flags, int fd)
{
	uint8_t *p = mmap(NULL, len + 2 * NIC_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (mmap(p + NIC_PAGE, len, prot, flags | MAP_FIXED, fd, 0) == MAP_FAILED)
		return NULL;
	return p + NIC_PAGE;
}

static void
unmap_between(uint8_t *p, size_t len)
{
	if (p != NULL)
		munmap(p - NIC_PAGE, len + 2 * NIC_PAGE);
}

static void
open_memory(struct run *r)
{
	int rw = PROT_READ | PROT_WRITE, anon = MAP_ANONYMOUS;

	r->shared = memfd_create("fuzz-shared", 0);
	r->file = memfd_create("fuzz-file", 0);
	if (r->shared < 0 || ftruncate(r->shared, MEM_BYTES) != 0 || r->file < 0 ||
		ftruncate(r->file, MEM_SMALL) != 0)
		run_fault(r, "no file: %s", strerror(errno));
	r->mem[MEM_SHARED] = map_between(MEM_BYTES, rw, MAP_SHARED, r->shared);
	r->mem[MEM_PRIVATE] = map_between(MEM_SMALL, rw, MAP_PRIVATE | anon, -1);
	r->mem[MEM_READONLY] = map_between(MEM_SMALL, PROT_READ, MAP_PRIVATE | anon, -1);
	r->mem[MEM_FILE] = map_between(MEM_SMALL, rw, MAP_SHARED, r->file);
	r->in = map_between(ROOM, rw, MAP_PRIVATE | anon, -1);
	r->out = map_between(ROOM, rw, MAP_PRIVATE | anon, -1);
	r->ro = map_between(NIC_PAGE, PROT_READ, MAP_PRIVATE | anon, -1);
	r->eventfd = eventfd(0, EFD_NONBLOCK);
	if (r->mem[MEM_SHARED] == NULL || r->mem[MEM_PRIVATE] == NULL ||
		r->mem[MEM_READONLY] == NULL || r->mem[MEM_FILE] == NULL || r->in == NULL ||
		r->out == NULL || r->ro == NULL || r->eventfd < 0)
		run_fault(r, "no memory: %s", strerror(errno));
}

/* Pages that were given back are perhaps somebody else's by now. */
static void
unmap_private(struct run *r)
{
	uint8_t *p = r->mem[MEM_PRIVATE];
	unsigned int i;

	for (i = 0; i < MEM_SMALL / NIC_PAGE; i++) {
		if ((r->gone & 1u << i) == 0)
			munmap(p + (size_t)i * NIC_PAGE, NIC_PAGE);
	}
	munmap(p - NIC_PAGE, NIC_PAGE);
	munmap(p + MEM_SMALL, NIC_PAGE);
}

static void
close_memory(struct run *r)
{
	close(r->eventfd);
	unmap_between(r->ro, NIC_PAGE);
	unmap_between(r->out, ROOM);
	unmap_between(r->in, ROOM);
	unmap_between(r->mem[MEM_FILE], MEM_SMALL);
	unmap_between(r->mem[MEM_READONLY], MEM_SMALL);
	unmap_private(r);
	unmap_between(r->mem[MEM_SHARED], MEM_BYTES);
	close(r->file);
	close(r->shared);
}

/* ---- devices ---- */

void
run_has_context(struct run_ctx *c)
{
	/* the newest is the first; a second context of a descriptor is refused */
	c->uid = c->f->uctx != NULL ? c->f->uctx->uid : 0;
}

static void
get_context(struct run *r, unsigned int ctx, bool devx)
{
	struct step s = {.tmpl = tmpl_find("get-context"), .flags = ctx != 0 ? STEP_CTX : 0};

	if (!devx) {
		/* flags of the request, at byte 8 */
		s.n = 1;
		s.rec[0] = (struct rec){CHANGE_DATA, 31, 8 * 8, 0};
	}
	req_run(r, &s);
	if (devx && r->ctx[ctx].uid == 0 && r->step == 0)
		run_fault(r, "a valid context is refused");
	if (!devx)
		r->ctx[ctx].uid = 0;
}

static void
open_ctx(struct run *r, unsigned int ctx)
{
	struct run_ctx *c = &r->ctx[ctx];
	unsigned int func = ctx == 0 || r->flags & PROG_SAME_FUNC ? 1 : 2;

	memset(c, 0, sizeof(*c));
	c->f = nic->funcs[func];
	c->fd = file_open(&nic_conf()->funcs[func], O_RDWR);
	/* later on the program may have killed it, or asked for a failure */
	if (c->fd < 0 && r->step == 0)
		run_fault(r, "no device: %s", strerror(errno));
	c->rig.mem = (void *)(uintptr_t)MEM_IOVA;
	c->rig.eqn = FW_EQN(0);
	memcpy(c->rig.caps, c->f->caps[MLX5_CAP_GENERAL], sizeof(c->rig.caps));
	memcpy(c->rig.vdpa, c->f->caps[MLX5_CAP_VDPA_EMULATION], sizeof(c->rig.vdpa));
	if (ctx == 0 || !(r->flags & PROG_NO_CONTEXT))
		get_context(r, ctx, ctx == 0 || !(r->flags & PROG_NO_DEVX));
}

static void
close_ctx(struct run *r, unsigned int ctx)
{
	struct run_ctx *c = &r->ctx[ctx];

	if (c->fd < 0)
		return;
	close(c->fd);
	c->fd = -1;
	file_closed();
}

void
run_reopen(struct run *r, unsigned int ctx)
{
	close_ctx(r, ctx);
	open_ctx(r, ctx);
}

void
run_open(struct run *r, uint8_t flags)
{
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->flags = flags;
	base_fd = first_free_fd();
	open_memory(r);
	for (i = 0; i < RUN_CTXS; i++)
		open_ctx(r, i);
}

void
run_step(struct run *r, const struct step *s)
{
	r->step++;
	if (s->tmpl == TMPL_RING)
		host_ring(r, s);
	else if (s->tmpl == TMPL_HOST)
		host_act(r, s);
	else
		req_run(r, s);
	if (fuzz_careful)
		run_check(r);
}

void
run_check(struct run *r)
{
	char why[256] = "";
	unsigned int i;

	for (i = 0; i < nic->n_funcs; i++) {
		if (fw_check(nic->funcs[i], why, sizeof(why)) != 0)
			run_fault(r, "impossible state of function %u: %s", i, why);
	}
	/* a mailbox that went below the kernel may take what a handle stands for */
	if (!(r->flags & PROG_DIRECT) && file_check(why, sizeof(why)) != 0)
		run_fault(r, "impossible state of a device: %s", why);
}

/* The end of channels that only the program knows. */
static void
close_channels(void)
{
	unsigned int fd;

	for (fd = base_fd; fd < base_fd + 256; fd++) {
		if (fcntl((int)fd, F_GETFD) >= 0 && file_is_ours((int)fd))
			close((int)fd);
	}
	file_closed();
}

static void
check_empty(struct run *r)
{
	unsigned int i, t;
	char why[256];

	for (i = 0; i < nic->n_funcs; i++) {
		const struct nic_func *f = nic->funcs[i];

		/* the null key stays */
		for (t = 0; t < NIC_OBJ_TYPES; t++) {
			if (f->n_objs[t] != (t == NIC_OBJ_MKEY ? 1 : 0))
				run_fault(r, "function %u is left with %u objects of type %s", i,
					f->n_objs[t], fw_obj_name(t));
		}
		if (f->uctx != NULL)
			run_fault(r, "function %u is left with a user context", i);
		if (f->mr_bytes != 0)
			run_fault(r, "function %u is left with %llu bytes of memory regions", i,
				(unsigned long long)f->mr_bytes);
	}
	if (file_check(why, sizeof(why)) != 0)
		run_fault(r, "all is closed: %s", why);
	if (first_free_fd() != base_fd)
		run_fault(r, "a descriptor is left open");
}

/* As it was before the program. */
static void
restore(struct run *r)
{
	unsigned int i;

	for (i = 0; i < nic->n_funcs; i++) {
		run_ask(r, "link %u auto", i);
		run_ask(r, "pcap stop %u", i);
		if (!fw_is_dead(nic->funcs[i]) && uverbs_loaded(nic->funcs[i]))
			continue;
		run_ask(r, "unload %u", i);
		run_ask(r, "revive %u", i);
	}
	run_ask(r, "link port up");
}

void
run_close(struct run *r)
{
	unsigned int i;

	run_check(r);
	run_ask(r, "fail clear");
	for (i = 0; i < RUN_CTXS; i++)
		close_ctx(r, i);
	restore(r);
	close_memory(r);
	if (first_free_fd() != base_fd)
		close_channels();
	check_empty(r);
}
