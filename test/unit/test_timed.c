/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A NIC whose commands take time (nicemu run --timing): what the threads of a user see of it, and
 * what its trace says. Commands take 20 ms (timing.ini), or with a scale of 1000 twenty seconds:
 * that is for ever, until the test lets them go.
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <infiniband/mlx5dv.h>
#include <pthread.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/mlx5-abi.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "nic_ctl.h"
#include "prm.h"
#include "test.h"

#define COMMAND_NS 20000000u
#define FOR_EVER "timing scale 1000"
#define SLOTS 4
#define MANY 8
#define MAX_SPANS 512

static struct ibv_context *ctx;
static long trace_from; /* where in the trace the case begins */

/* A line of the trace. */
struct span {
	char kind[8], name[40], status[16];
	uint64_t start, end, bytes;
	uint64_t came, over; /* when it was asked for, and when it was carried out */
	int64_t id; /* object, -1: none */
	int tid;
};
static struct span spans[MAX_SPANS];
static unsigned int n_spans;

static double
number(const cJSON *j, const char *key)
{
	const cJSON *v = cJSON_GetObjectItem(j, key);

	return cJSON_IsNumber(v) ? v->valuedouble : -1;
}

static void
text(const cJSON *j, const char *key, char *buf, size_t len)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, key));

	snprintf(buf, len, "%s", s != NULL ? s : "");
}

/* What the case's calls left there: commands and pages of this name. */
static int
read_trace(const char *name)
{
	FILE *f = fopen(getenv("NIC_TRACE"), "re");
	char *line = NULL;
	size_t room = 0;
	struct span *s;
	cJSON *j;

	n_spans = 0;
	TEST_ASSERT_NOT_NULL(f, "no trace");
	fseek(f, trace_from, SEEK_SET);
	while (n_spans < MAX_SPANS && getline(&line, &room, f) > 0) {
		j = cJSON_Parse(line);
		s = &spans[n_spans];
		text(j, "kind", s->kind, sizeof(s->kind));
		text(j, "name", s->name, sizeof(s->name));
		text(j, "status", s->status, sizeof(s->status));
		s->start = (uint64_t)number(j, "t_ns");
		s->end = s->start + (uint64_t)number(j, "dur_ns");
		s->came = s->start - (uint64_t)number(j, "queued_ns");
		s->over = s->end + (uint64_t)number(j, "late_ns");
		s->bytes = (uint64_t)llabs((long long)number(j, "pinned"));
		s->id = (int64_t)number(j, "id");
		s->tid = (int)number(j, "tid");
		n_spans += strcmp(s->name, name) == 0 && strcmp(s->kind, "ioctl") != 0;
		cJSON_Delete(j);
	}
	free(line);
	fclose(f);
	return 0;
}

static int
setup(void)
{
	FILE *f;

	if (!nic_ctl_there())
		return TEST_SKIPPED;
	nic_ctl_tell("timing off");
	ctx = nic_ctl_open(0);
	f = fopen(getenv("NIC_TRACE"), "re");
	if (ctx == NULL || f == NULL)
		return -1;
	fseek(f, 0, SEEK_END);
	trace_from = ftell(f);
	fclose(f);
	nic_ctl_tell("timing scale 1");
	return nic_ctl_tell("timing on");
}

static void
teardown(void)
{
	nic_ctl_tell("timing off");
	if (ctx != NULL)
		ibv_close_device(ctx);
	ctx = NULL;
	nic_ctl_tell("fail clear");
	nic_ctl_tell("revive 0");
}

/* --- threads of commands --- */

struct worker {
	pthread_t thread;
	int (*run)(struct worker *w);
	unsigned int rounds;
	struct mlx5dv_devx_obj *obj;
	uint32_t number;
	void *mem;
	size_t len;
	struct ibv_pd *pd;
	int fd;
	uint64_t seed; /* of test_storm(), as the next ones */
	struct mlx5dv_devx_obj *own;
	uint32_t td;
	_Atomic bool began, done;
	int err;
};

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	atomic_store(&w->began, true);
	for (i = 0; i < w->rounds && w->err == 0; i++)
		w->err = w->run(w);
	atomic_store(&w->done, true);
	return NULL;
}

static int
start(struct worker *w)
{
	if (w->rounds == 0)
		w->rounds = 1;
	return pthread_create(&w->thread, NULL, worker_main, w);
}

/* Until it has been in its call for a while: a call that waited for no one would be over. */
static void
let_it_wait(const struct worker *w)
{
	while (!atomic_load(&w->began))
		usleep(1000);
	usleep(50000);
}

static int
query(struct worker *w)
{
	uint32_t in[DEVX_ST_SZ_DW(query_vport_state_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(query_vport_state_out)] = {0};

	(void)w;
	DEVX_SET(query_vport_state_in, in, opcode, MLX5_CMD_OP_QUERY_VPORT_STATE);
	return mlx5dv_devx_general_cmd(ctx, in, sizeof(in), out, sizeof(out)) != 0 ? errno : 0;
}

static struct mlx5dv_devx_obj *
make_td(uint32_t *number_of_it)
{
	uint32_t in[DEVX_ST_SZ_DW(alloc_transport_domain_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(alloc_transport_domain_out)] = {0};
	struct mlx5dv_devx_obj *obj;

	DEVX_SET(alloc_transport_domain_in, in, opcode, MLX5_CMD_OP_ALLOC_TRANSPORT_DOMAIN);
	obj = mlx5dv_devx_obj_create(ctx, in, sizeof(in), out, sizeof(out));
	*number_of_it = DEVX_GET(alloc_transport_domain_out, out, transport_domain);
	return obj;
}

static struct mlx5dv_devx_obj *
make_tis(uint32_t td, uint32_t *number_of_it)
{
	uint32_t in[DEVX_ST_SZ_DW(create_tis_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(create_tis_out)] = {0};
	struct mlx5dv_devx_obj *obj;

	DEVX_SET(create_tis_in, in, opcode, MLX5_CMD_OP_CREATE_TIS);
	DEVX_SET(create_tis_in, in, ctx.transport_domain, td);
	obj = mlx5dv_devx_obj_create(ctx, in, sizeof(in), out, sizeof(out));
	*number_of_it = DEVX_GET(create_tis_out, out, tisn);
	return obj;
}

static int
query_tis(struct worker *w)
{
	uint32_t in[DEVX_ST_SZ_DW(query_tis_in)] = {0};
	uint32_t out[DEVX_ST_SZ_DW(query_tis_out)] = {0};

	DEVX_SET(query_tis_in, in, opcode, MLX5_CMD_OP_QUERY_TIS);
	DEVX_SET(query_tis_in, in, tisn, w->number);
	return mlx5dv_devx_obj_query(w->obj, in, sizeof(in), out, sizeof(out)) != 0 ? errno : 0;
}

static int
reg_mr(struct worker *w)
{
	struct ibv_mr *mr = ibv_reg_mr(w->pd, w->mem, w->len, 0);

	return mr == NULL ? errno : ibv_dereg_mr(mr);
}

static int
run_all(struct worker *w, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		TEST_ASSERT_SUCCESS(start(&w[i]), "thread");
	for (i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	for (i = 0; i < n; i++)
		TEST_ASSERT_SUCCESS(w[i].err, "thread %u: %s", i, strerror(w[i].err));
	return 0;
}

/* How many of the spans, of one object or all (-1), take place when this one begins. */
static unsigned int
at_once(const struct span *s, int64_t id)
{
	unsigned int i, n = 0;

	for (i = 0; i < n_spans; i++)
		n += spans[i].start <= s->start && s->start < spans[i].end &&
			(id < 0 || spans[i].id == id);
	return n;
}

/* Eight threads at four slots: never more than four commands, and four there were. */
static int
test_slots(void)
{
	struct worker w[MANY] = {0};
	unsigned int i, k, most = 0, queued = 0;

	for (i = 0; i < MANY; i++)
		w[i] = (struct worker){.run = query, .rounds = 3};
	if (run_all(w, MANY) != 0 || read_trace("QUERY_VPORT_STATE") != 0)
		return TEST_FAILED;
	TEST_ASSERT_EQUAL(n_spans, 3 * MANY, "%u commands", n_spans);
	for (i = 0; i < n_spans; i++) {
		TEST_ASSERT_EQUAL(spans[i].end - spans[i].start, COMMAND_NS, "time of %u", i);
		most = RTE_MAX(most, at_once(&spans[i], -1));
		queued += spans[i].came < spans[i].start;
		for (k = 0; k < i; k++)
			TEST_ASSERT(spans[k].tid != spans[i].tid ||
					spans[k].over <= spans[i].came ||
					spans[i].over <= spans[k].came,
				"a thread has two at once");
	}
	TEST_ASSERT_EQUAL(most, SLOTS, "%u at once", most);
	TEST_ASSERT(queued >= MANY - SLOTS, "%u have waited for a slot", queued);
	return TEST_SUCCESS;
}

/* Four threads ask about two objects: one at a time about each. */
static int
test_object(void)
{
	struct mlx5dv_devx_obj *td, *tis[2];
	struct worker w[4] = {0};
	uint32_t tdn, tisn[2];
	unsigned int i, both = 0;

	td = make_td(&tdn);
	TEST_ASSERT_NOT_NULL(td, "transport domain");
	for (i = 0; i < 2; i++) {
		tis[i] = make_tis(tdn, &tisn[i]);
		TEST_ASSERT_NOT_NULL(tis[i], "TIS");
	}
	for (i = 0; i < 4; i++)
		w[i] = (struct worker){
			.run = query_tis, .rounds = 3, .obj = tis[i % 2], .number = tisn[i % 2]};
	if (run_all(w, 4) != 0 || read_trace("QUERY_TIS") != 0)
		return TEST_FAILED;
	TEST_ASSERT_EQUAL(n_spans, 12, "%u commands", n_spans);
	for (i = 0; i < n_spans; i++) {
		TEST_ASSERT_EQUAL(at_once(&spans[i], spans[i].id), 1, "two about one object");
		both += at_once(&spans[i], -1) == 2;
	}
	TEST_ASSERT(both > 0, "objects wait for each other");
	for (i = 0; i < 2; i++)
		TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(tis[i]), "TIS");
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(td), "transport domain");
	return TEST_SUCCESS;
}

/* --- queries whose answers come later --- */

#define QUERIES 6

static int
ask(struct mlx5dv_devx_obj *obj, uint32_t number_of_it, struct mlx5dv_devx_cmd_comp *comp,
	uint64_t id)
{
	uint32_t in[DEVX_ST_SZ_DW(query_tis_in)] = {0};

	DEVX_SET(query_tis_in, in, opcode, MLX5_CMD_OP_QUERY_TIS);
	DEVX_SET(query_tis_in, in, tisn, number_of_it);
	return mlx5dv_devx_obj_query_async(
		obj, in, sizeof(in), DEVX_ST_SZ_BYTES(query_tis_out), id, comp);
}

/* The status of the next answer and whose it is; -1: none is there and none will come. */
static int
next_answer(struct mlx5dv_devx_cmd_comp *comp, uint64_t *id, uint32_t *td)
{
	union {
		struct mlx5dv_devx_async_cmd_hdr hdr;
		uint8_t room[64 + DEVX_ST_SZ_BYTES(query_tis_out)];
	} a;
	const void *tisc = DEVX_ADDR_OF(query_tis_out, a.hdr.out_data, tis_context);

	if (mlx5dv_devx_get_async_cmd_comp(comp, &a.hdr, sizeof(a)) != 0)
		return -1;
	*id = a.hdr.wr_id;
	*td = DEVX_GET(tisc, tisc, transport_domain);
	return DEVX_GET(query_tis_out, a.hdr.out_data, status);
}

/* One thread asks about six objects: four queries are under way together. Then about one that goes.
 */
static int
test_async(void)
{
	struct mlx5dv_devx_cmd_comp *comp = mlx5dv_devx_create_cmd_comp(ctx);
	struct mlx5dv_devx_obj *td, *tis[QUERIES];
	uint32_t tdn, got, tisn[QUERIES];
	unsigned int i, most = 0, seen = 0;
	uint64_t id;

	td = make_td(&tdn);
	TEST_ASSERT(td != NULL && comp != NULL, "objects");
	for (i = 0; i < QUERIES; i++) {
		tis[i] = make_tis(tdn, &tisn[i]);
		TEST_ASSERT_NOT_NULL(tis[i], "TIS");
	}
	for (i = 0; i < QUERIES; i++)
		TEST_ASSERT_SUCCESS(ask(tis[i], tisn[i], comp, i), "query %u", i);
	for (i = 0; i < QUERIES; i++) {
		TEST_ASSERT_SUCCESS(next_answer(comp, &id, &got), "answer %u", i);
		TEST_ASSERT(id < QUERIES && got == tdn, "what it says");
		seen |= 1u << id;
	}
	TEST_ASSERT_EQUAL(seen, (1u << QUERIES) - 1, "of each one");
	if (read_trace("QUERY_TIS") != 0)
		return TEST_FAILED;
	TEST_ASSERT_EQUAL(n_spans, QUERIES, "%u commands", n_spans);
	for (i = 0; i < n_spans; i++)
		most = RTE_MAX(most, at_once(&spans[i], -1));
	TEST_ASSERT_EQUAL(most, SLOTS, "%u at once", most);
	TEST_ASSERT_SUCCESS(nic_ctl_tell(FOR_EVER), "scale");
	TEST_ASSERT_SUCCESS(ask(tis[0], tisn[0], comp, 7), "query");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing off"), "off");
	TEST_ASSERT_SUCCESS(next_answer(comp, &id, &got), "answer");
	TEST_ASSERT_EQUAL(id, 7, "whose");
	for (i = 0; i < QUERIES; i++)
		TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(tis[i]), "TIS");
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(td), "transport domain");
	mlx5dv_devx_destroy_cmd_comp(comp);
	TEST_ASSERT_SUCCESS(nic_ctl_tell("check"), "objects");
	return TEST_SUCCESS;
}

/* The function dies, or the channel is closed, under a query. */
static int
test_async_end(void)
{
	struct mlx5dv_devx_cmd_comp *comp = mlx5dv_devx_create_cmd_comp(ctx);
	struct mlx5dv_devx_obj *td, *tis;
	uint32_t tdn, tisn, got;
	uint64_t id;

	td = make_td(&tdn);
	tis = make_tis(tdn, &tisn);
	TEST_ASSERT(td != NULL && tis != NULL && comp != NULL, "objects");
	TEST_ASSERT_SUCCESS(nic_ctl_tell(FOR_EVER), "scale");
	TEST_ASSERT_SUCCESS(ask(tis, tisn, comp, 1), "query");
	mlx5dv_devx_destroy_cmd_comp(comp);
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing off"), "off");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing on"), "on");
	comp = mlx5dv_devx_create_cmd_comp(ctx);
	TEST_ASSERT_SUCCESS(ask(tis, tisn, comp, 2), "query");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("kill 0"), "kill");
	TEST_ASSERT(next_answer(comp, &id, &got) >= 0 && id == 2 && got == 0, "an answer");
	mlx5dv_devx_destroy_cmd_comp(comp);
	mlx5dv_devx_obj_destroy(tis);
	mlx5dv_devx_obj_destroy(td);
	return TEST_SUCCESS;
}

/* --- what goes on meanwhile --- */

/* While one thread's command takes its time, calls of others without a command come through. */
static int
test_others(void)
{
	struct worker w = {.run = query};
	struct ibv_port_attr port;

	TEST_ASSERT_SUCCESS(nic_ctl_tell(FOR_EVER), "scale");
	TEST_ASSERT_SUCCESS(start(&w), "thread");
	let_it_wait(&w);
	TEST_ASSERT_SUCCESS(ibv_query_port(ctx, 1, &port), "port");
	TEST_ASSERT(nic_ctl_objects("td") >= 0, "control socket");
	TEST_ASSERT(!atomic_load(&w.done), "it was kept until the command had ended");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing off"), "off");
	pthread_join(w.thread, NULL);
	TEST_ASSERT_SUCCESS(w.err, "%s", strerror(w.err));
	return TEST_SUCCESS;
}

/* What a call uses is not destroyed under it (uverbs_try_lock_object()). */
static int
test_busy(void)
{
	struct worker w = {.run = query_tis};
	struct mlx5dv_devx_obj *td;
	uint32_t tdn;

	td = make_td(&tdn);
	w.obj = make_tis(tdn, &w.number);
	TEST_ASSERT(td != NULL && w.obj != NULL, "objects");
	TEST_ASSERT_SUCCESS(nic_ctl_tell(FOR_EVER), "scale");
	TEST_ASSERT_SUCCESS(start(&w), "thread");
	let_it_wait(&w);
	TEST_ASSERT(mlx5dv_devx_obj_destroy(w.obj) != 0 && errno == EBUSY, "%s", strerror(errno));
	TEST_ASSERT(!atomic_load(&w.done), "it waited for the query");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("check"), "objects");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing off"), "off");
	pthread_join(w.thread, NULL);
	TEST_ASSERT_SUCCESS(w.err, "the query: %s", strerror(w.err));
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(w.obj), "%s", strerror(errno));
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(td), "%s", strerror(errno));
	return TEST_SUCCESS;
}

/* A context of a descriptor, by write(), as libraries once made it. */
static int
raw_context(struct worker *w)
{
	struct {
		struct ib_uverbs_get_context_resp core;
		struct mlx5_ib_alloc_ucontext_resp driver;
	} answer = {0};
	struct {
		struct ib_uverbs_cmd_hdr hdr;
		uint64_t response;
		struct mlx5_ib_alloc_ucontext_req_v2 driver;
	} c = {.hdr = {.command = IB_USER_VERBS_CMD_GET_CONTEXT,
		       .in_words = sizeof(c) / 4,
		       .out_words = sizeof(answer) / 4},
		.response = (uintptr_t)&answer,
		.driver = {.total_num_bfregs = 16,
			.num_low_latency_bfregs = 4,
			.flags = 1,
			.lib_caps = 3}};

	if (write(w->fd, &c, sizeof(c)) != (ssize_t)sizeof(c))
		return errno;
	close((int)answer.core.async_fd);
	return 0;
}

/* The descriptor is closed under a call: the device stays open up to its end, and no longer. */
static int
test_closed(void)
{
	struct worker w = {.run = raw_context};
	int before = nic_ctl_objects("td");
	char path[128];

	snprintf(path, sizeof(path), "/dev/infiniband/%s", ctx->device->dev_name);
	w.fd = open(path, O_RDWR | O_CLOEXEC);
	TEST_ASSERT(w.fd >= 0 && before > 0, "open: %s", strerror(errno));
	TEST_ASSERT_SUCCESS(nic_ctl_tell(FOR_EVER), "scale");
	TEST_ASSERT_SUCCESS(start(&w), "thread");
	let_it_wait(&w);
	close(w.fd);
	TEST_ASSERT(!atomic_load(&w.done), "it waited for the call");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing off"), "off");
	pthread_join(w.thread, NULL);
	TEST_ASSERT_SUCCESS(w.err, "the call: %s", strerror(w.err));
	TEST_ASSERT_EQUAL(nic_ctl_objects("td"), before, "the device is still open");
	return TEST_SUCCESS;
}

/* A function that dies, or loses its driver, ends what waits: the one with an error. */
static int
end_by(const char *request, int err)
{
	struct worker w = {.run = query};
	uint64_t began = clock_ns();

	TEST_ASSERT_SUCCESS(nic_ctl_tell(FOR_EVER), "scale");
	TEST_ASSERT_SUCCESS(start(&w), "thread");
	let_it_wait(&w);
	TEST_ASSERT(!atomic_load(&w.done), "it is over");
	TEST_ASSERT_SUCCESS(nic_ctl_tell(request), "%s", request);
	pthread_join(w.thread, NULL);
	TEST_ASSERT(clock_ns() - began < 1000ull * COMMAND_NS, "it waited to the end");
	TEST_ASSERT_EQUAL(w.err, err, "%s", strerror(w.err));
	return TEST_SUCCESS;
}

static int
test_killed(void)
{
	return end_by("kill 0", ENXIO);
}

static int
test_unloaded(void)
{
	return end_by("unload 0", 0);
}

static bool exits_early;

/* LeakSanitizer asks at exit: what a process has open then is not lost, but it does not see that.
 */
int __lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return exits_early;
}

/* A process exits while a thread of it waits: for a registration that takes minutes. */
static int
test_exit(void)
{
	struct worker w = {.run = reg_mr, .len = 128ull << 30};
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* its own NIC, without a control socket: time passes from the first command on */
		ctx = nic_ctl_open(0);
		w.pd = ctx != NULL ? ibv_alloc_pd(ctx) : NULL;
		w.mem = mmap(
			NULL, w.len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (w.pd == NULL || w.mem == MAP_FAILED || start(&w) != 0)
			_exit(1);
		let_it_wait(&w);
		if (atomic_load(&w.done))
			_exit(2);
		exits_early = true;
		exit(7);
	}
	TEST_ASSERT(pid > 0 && waitpid(pid, &status, 0) == pid, "child");
	TEST_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 7, "it ended with %#x", status);
	return TEST_SUCCESS;
}

/* A command that fails on demand has taken its time, and the next one is none the worse. */
static int
test_fail(void)
{
	struct worker w[2] = {{.run = query}, {.run = query}};

	TEST_ASSERT_SUCCESS(nic_ctl_fail("QUERY_VPORT_STATE:1:BAD_RES"), "fail");
	TEST_ASSERT_SUCCESS(start(&w[0]), "thread");
	pthread_join(w[0].thread, NULL);
	TEST_ASSERT_NOT_EQUAL(w[0].err, 0, "it did not fail");
	if (run_all(&w[1], 1) != 0 || read_trace("QUERY_VPORT_STATE") != 0)
		return TEST_FAILED;
	TEST_ASSERT(n_spans == 2 && strcmp(spans[0].status, "BAD_RES") == 0 &&
			strcmp(spans[1].status, "OK") == 0,
		"what failed");
	TEST_ASSERT_EQUAL(spans[0].end - spans[0].start, COMMAND_NS, "time of the failed");
	return TEST_SUCCESS;
}

/* Half and twice. */
static int
test_scale(void)
{
	struct worker w[2] = {{.run = query}, {.run = query}};

	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing scale 0.5"), "half");
	if (run_all(&w[0], 1) != 0)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing scale 2"), "twice");
	if (run_all(&w[1], 1) != 0 || read_trace("QUERY_VPORT_STATE") != 0)
		return TEST_FAILED;
	TEST_ASSERT_EQUAL(n_spans, 2, "%u commands", n_spans);
	TEST_ASSERT_EQUAL(spans[0].end - spans[0].start, COMMAND_NS / 2, "half");
	TEST_ASSERT_EQUAL(spans[1].end - spans[1].start, COMMAND_NS * 2, "twice");
	return TEST_SUCCESS;
}

/*
 * Four threads register 16 MiB each: 25 ms for one alone, and no more than 2 GiB/s, 31 ms, for all.
 * The command follows its pages, and their bytes are the call's own.
 */
static int
test_pages(void)
{
	size_t len = 16u << 20;
	struct worker w[4] = {0};
	uint8_t *mem = mmap(NULL, 4 * len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	uint64_t first = UINT64_MAX, bytes, end;
	unsigned int i, k;

	TEST_ASSERT(mem != MAP_FAILED && pd != NULL, "memory");
	for (i = 0; i < 4; i++)
		w[i] = (struct worker){.run = reg_mr, .pd = pd, .mem = mem + i * len, .len = len};
	if (run_all(w, 4) != 0 || read_trace("PIN") != 0)
		return TEST_FAILED;
	TEST_ASSERT_EQUAL(n_spans, 4, "%u times pinned", n_spans);
	for (i = 0; i < 4; i++) {
		TEST_ASSERT_EQUAL(spans[i].bytes, len, "bytes of one call");
		TEST_ASSERT(spans[i].end - spans[i].start > 24999000, "faster than one alone");
		first = RTE_MIN(first, spans[i].start);
	}
	for (i = 0; i < 4; i++) {
		end = spans[i].end;
		for (bytes = 0, k = 0; k < 4; k++)
			bytes += spans[k].end <= end ? len : 0;
		TEST_ASSERT((double)(end - first) > (double)bytes / 2.1474837,
			"%u: faster than all may be", i);
	}
	end = spans[0].end;
	if (read_trace("UNPIN") != 0)
		return TEST_FAILED;
	TEST_ASSERT_EQUAL(n_spans, 4, "%u times given back", n_spans);
	for (i = 0; i < 4; i++)
		TEST_ASSERT(
			spans[i].start > end - 32000000 && spans[i].end - spans[i].start > 12499000,
			"given back too fast");
	TEST_ASSERT_SUCCESS(ibv_dealloc_pd(pd), "domain");
	munmap(mem, 4 * len);
	return TEST_SUCCESS;
}

/* --- everything at once --- */

#define STORM_ROUNDS 60

/* One of the things that a device is asked for, and back. EBUSY is an answer, too. */
static int
storm(struct worker *w)
{
	struct mlx5dv_devx_cmd_comp *comp;
	struct ibv_context *own;
	uint32_t tisn, got;
	uint64_t id;
	int ret = 0;

	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	switch (w->seed >> 33 & 7) {
	case 0:
	case 1:
		return reg_mr(w);
	case 2:
		own = nic_ctl_open(0);
		return own != NULL ? ibv_close_device(own) : errno;
	case 3:
		comp = mlx5dv_devx_create_cmd_comp(ctx);
		ret = comp != NULL ? ask(w->obj, w->number, comp, 1) : errno;
		if (ret == 0 && (w->seed >> 40 & 1) != 0)
			ret = next_answer(comp, &id, &got) == 0 && id == 1 ? 0 : EPROTO;
		if (comp != NULL)
			mlx5dv_devx_destroy_cmd_comp(comp);
		return ret;
	case 4:
		return w->own != NULL ? 0 : (w->own = make_tis(w->td, &tisn)) != NULL ? 0 : errno;
	case 5:
		if (w->own == NULL || mlx5dv_devx_obj_destroy(w->own) != 0)
			return 0;
		w->own = NULL;
		return 0;
	case 6:
		return query(w);
	default:
		return query_tis(w);
	}
}

static int
test_storm(void)
{
	size_t len = 1u << 20;
	uint8_t *mem = mmap(NULL, MANY * len, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int tds = nic_ctl_objects("td"), mkeys = nic_ctl_objects("mkey");
	struct ibv_pd *pd = ibv_alloc_pd(ctx);
	struct mlx5dv_devx_obj *td, *tis;
	struct worker w[MANY] = {0};
	uint32_t tdn, tisn;
	unsigned int i;

	TEST_ASSERT_SUCCESS(nic_ctl_tell("timing scale 0.02"), "scale");
	td = make_td(&tdn);
	tis = make_tis(tdn, &tisn);
	TEST_ASSERT(mem != MAP_FAILED && pd != NULL && td != NULL && tis != NULL, "objects");
	for (i = 0; i < MANY; i++)
		w[i] = (struct worker){.run = storm,
			.rounds = STORM_ROUNDS,
			.seed = i,
			.obj = tis,
			.number = tisn,
			.td = tdn,
			.pd = pd,
			.mem = mem + i * len,
			.len = len};
	if (run_all(w, MANY) != 0)
		return TEST_FAILED;
	TEST_ASSERT_SUCCESS(nic_ctl_tell("check"), "states that may not be");
	for (i = 0; i < MANY; i++)
		TEST_ASSERT(w[i].own == NULL || mlx5dv_devx_obj_destroy(w[i].own) == 0, "own");
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(tis), "%s", strerror(errno));
	TEST_ASSERT_SUCCESS(mlx5dv_devx_obj_destroy(td), "%s", strerror(errno));
	TEST_ASSERT_SUCCESS(ibv_dealloc_pd(pd), "%s", strerror(errno));
	TEST_ASSERT_EQUAL(nic_ctl_objects("td"), tds, "devices that are still open");
	TEST_ASSERT_EQUAL(nic_ctl_objects("mkey"), mkeys, "keys that are left");
	TEST_ASSERT_SUCCESS(nic_ctl_tell("check"), "states that may not be");
	munmap(mem, MANY * len);
	return TEST_SUCCESS;
}

static int
test_timed(void)
{
	static const struct unit_test_suite suite = {
		.suite_name = "commands that take time",
		.unit_test_cases = {TEST_CASE_ST(setup, teardown, test_slots),
			TEST_CASE_ST(setup, teardown, test_object),
			TEST_CASE_ST(setup, teardown, test_async),
			TEST_CASE_ST(setup, teardown, test_async_end),
			TEST_CASE_ST(setup, teardown, test_others),
			TEST_CASE_ST(setup, teardown, test_busy),
			TEST_CASE_ST(setup, teardown, test_closed),
			TEST_CASE_ST(setup, teardown, test_killed),
			TEST_CASE_ST(setup, teardown, test_unloaded),
			TEST_CASE_ST(setup, teardown, test_exit),
			TEST_CASE_ST(setup, teardown, test_fail),
			TEST_CASE_ST(setup, teardown, test_scale),
			TEST_CASE_ST(setup, teardown, test_pages),
			TEST_CASE_ST(setup, teardown, test_storm), TEST_CASES_END()},
	};

	return unit_test_suite_runner(&suite);
}

REGISTER_TEST_COMMAND(timed_autotest, test_timed);
