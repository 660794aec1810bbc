/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "capture.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "real.h"

#define LIBRARY "libpcap.so.0.8" /* its soname in Debian */
#define SNAPLEN 65535

/* What is used of the library, with the types of its header. */
#define PCAP_LIST(F) \
	F(pcap_open_dead_with_tstamp_precision) \
	F(pcap_open_offline_with_tstamp_precision) \
	F(pcap_dump_fopen) \
	F(pcap_dump) \
	F(pcap_dump_flush) \
	F(pcap_dump_close) \
	F(pcap_dump_file) \
	F(pcap_next_ex) \
	F(pcap_datalink) \
	F(pcap_geterr) \
	F(pcap_close)

#define PCAP_MEMBER(name) __typeof__(name) *name;
static struct {
	void *handle;
	PCAP_LIST(PCAP_MEMBER)
} api;
static pthread_mutex_t api_lock = PTHREAD_MUTEX_INITIALIZER;

struct capture {
	pcap_t *dead; /* says the link type and the resolution of time */
	pcap_dumper_t *dump;
	pthread_mutex_t lock; /* of what follows */
	uint64_t n;
	bool failed;
	char path[];
};

struct playback {
	pcap_t *file;
	char path[];
};

static bool
find_all(void)
{
#define PCAP_FIND(fn) \
	api.fn = dlsym(api.handle, #fn); \
	if (api.fn == NULL) \
		return false;
	PCAP_LIST(PCAP_FIND)
	return true;
}

static int
load(char *why, size_t len)
{
	int ret = 0;

	pthread_mutex_lock(&api_lock);
	if (api.handle == NULL) {
		api.handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
		if (api.handle == NULL || !find_all()) {
			snprintf(why, len, "libpcap: %s", dlerror());
			if (api.handle != NULL)
				dlclose(api.handle);
			api.handle = NULL;
			ret = -ENOENT;
		}
	}
	pthread_mutex_unlock(&api_lock);
	return ret;
}

/* ---- writing ---- */

static int
open_file(const char *path, FILE **f)
{
	int fd = real_open()(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0666);
	struct stat st;
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (real_fstat()(fd, &st) != 0)
		ret = -errno;
	else if (!S_ISREG(st.st_mode))
		ret = -EINVAL;
	else if (ftruncate(fd, 0) != 0 || (*f = fdopen(fd, "w")) == NULL)
		ret = -errno;
	if (ret != 0)
		real_close()(fd);
	return ret;
}

static int
start_dump(struct capture *c)
{
	FILE *f = NULL;
	int ret;

	c->dead = api.pcap_open_dead_with_tstamp_precision(
		DLT_EN10MB, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
	if (c->dead == NULL)
		return -ENOMEM;
	ret = open_file(c->path, &f);
	if (ret != 0)
		goto close_dead;
	c->dump = api.pcap_dump_fopen(c->dead, f);
	if (c->dump != NULL && api.pcap_dump_flush(c->dump) == 0)
		return 0;
	ret = -EIO;
	if (c->dump != NULL)
		api.pcap_dump_close(c->dump);
	else
		fclose(f);
close_dead:
	api.pcap_close(c->dead);
	return ret;
}

int
capture_open(const char *path, struct capture **out, char *why, size_t len)
{
	struct capture *c;
	int ret = load(why, len);

	if (ret != 0)
		return ret;
	c = calloc(1, sizeof(*c) + strlen(path) + 1);
	if (c == NULL) {
		snprintf(why, len, "%s: no memory", path);
		return -ENOMEM;
	}
	strcpy(c->path, path);
	ret = start_dump(c);
	if (ret != 0) {
		snprintf(why, len, "%s: %s", path,
			ret == -EINVAL ? "not a plain file" : strerror(-ret));
		free(c);
		return ret;
	}
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return 0;
}

void
capture_close(struct capture *c)
{
	if (c == NULL)
		return;
	api.pcap_dump_close(c->dump);
	api.pcap_close(c->dead);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

const char *
capture_path(const struct capture *c)
{
	return c->path;
}

void
capture_write(struct capture *c, const void *frame, uint32_t len)
{
	struct pcap_pkthdr h = {.caplen = len, .len = len};
	struct timespec ts;

	pthread_mutex_lock(&c->lock);
	if (!c->failed) {
		clock_gettime(CLOCK_REALTIME, &ts);
		h.ts.tv_sec = ts.tv_sec;
		h.ts.tv_usec = ts.tv_nsec; /* which it is by the precision that was asked for */
		api.pcap_dump((u_char *)c->dump, &h, frame);
		/* a record at once: a process that is killed leaves whole ones */
		if (api.pcap_dump_flush(c->dump) != 0 || ferror(api.pcap_dump_file(c->dump)) != 0) {
			c->failed = true;
			fprintf(stderr, "nicemu: %s: %s: no more frames are captured\n", c->path,
				strerror(errno));
		} else {
			c->n++;
		}
	}
	pthread_mutex_unlock(&c->lock);
}

bool
capture_frames(struct capture *c, uint64_t *n)
{
	bool good;

	pthread_mutex_lock(&c->lock);
	*n = c->n;
	good = !c->failed;
	pthread_mutex_unlock(&c->lock);
	return good;
}

/* ---- reading ---- */

int
playback_open(const char *path, struct playback **out, char *why, size_t len)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	struct playback *p;
	int ret = load(why, len);

	if (ret != 0)
		return ret;
	p = calloc(1, sizeof(*p) + strlen(path) + 1);
	if (p == NULL) {
		snprintf(why, len, "%s: no memory", path);
		return -ENOMEM;
	}
	strcpy(p->path, path);
	p->file = api.pcap_open_offline_with_tstamp_precision(
		path, PCAP_TSTAMP_PRECISION_NANO, error);
	if (p->file == NULL) {
		snprintf(why, len, "%s", error);
		free(p);
		return -EINVAL;
	}
	if (api.pcap_datalink(p->file) != DLT_EN10MB) {
		snprintf(why, len, "%s: link type %d is not Ethernet", path,
			api.pcap_datalink(p->file));
		playback_close(p);
		return -EINVAL;
	}
	*out = p;
	return 0;
}

void
playback_close(struct playback *p)
{
	if (p == NULL)
		return;
	api.pcap_close(p->file);
	free(p);
}

const char *
playback_path(const struct playback *p)
{
	return p->path;
}

int
playback_next(struct playback *p, struct playback_frame *f)
{
	struct pcap_pkthdr *h;
	const u_char *data;
	int ret = api.pcap_next_ex(p->file, &h, &data);

	if (ret == PCAP_ERROR_BREAK)
		return 0;
	if (ret != 1) {
		fprintf(stderr, "nicemu: %s: %s\n", p->path, api.pcap_geterr(p->file));
		return -EIO;
	}
	*f = (struct playback_frame){.data = data,
		.len = h->caplen,
		.whole = h->caplen == h->len,
		.ns = (uint64_t)h->ts.tv_sec * 1000000000u + (uint64_t)h->ts.tv_usec};
	return 1;
}
