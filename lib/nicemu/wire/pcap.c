/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Capture files in place of a cable: one is played into the port, and what leaves is written to
 * another.
 *
 * The play begins a moment after a function has its first flow: a frame that comes before its
 * driver is done would only be lost. A frame that is due is given to the engine, and lost there if
 * its queue has no buffer, as on a real wire: the pace is the player's matter. An engine that was
 * late catches up by CATCH_UP_NS at most.
 */
#include "wire_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>

#include "../clock.h"
#include "../capture.h"
#include "../dp/iov.h"
#include "../real.h"

#define CATCH_UP_NS 1000000u
#define MOMENT_NS 100000000u /* a driver installs its flows within */
#define GAP_BYTES \
	24u /* preamble, checksum and gap that a frame takes on the line besides itself \
	     */
#define MAX_RATE 1000000u /* Mbit/s */
#define PATH_LEN 256

enum pace { PACE_TIME, PACE_RATE, PACE_MAX };

/* What a spec says. */
struct spec {
	char in[PATH_LEN], out[PATH_LEN]; /* empty: none */
	enum pace pace;
	unsigned int rate; /* Mbit/s */
	bool hold;
};

struct wire_pcap {
	struct spec spec;
	struct capture *out;
	struct playback *in; /* the rest belongs to the engine that receives */
	struct playback_frame next;
	uint64_t due; /* ns of CLOCK_MONOTONIC: when 'next' is */
	_Atomic bool go, begun, done;
	_Atomic uint64_t played, skipped;
};

/* ---- the spec: in=FILE,out=FILE,rate=time|max|MBIT,hold ---- */

static int
set_rate(struct spec *s, const char *value)
{
	unsigned long rate;
	char *end;

	if (strcmp(value, "time") == 0 || strcmp(value, "max") == 0) {
		s->pace = *value == 't' ? PACE_TIME : PACE_MAX;
		return 0;
	}
	rate = strtoul(value, &end, 10);
	if (end == value || *end != '\0' || rate == 0 || rate > MAX_RATE)
		return -EINVAL;
	s->pace = PACE_RATE;
	s->rate = (unsigned int)rate;
	return 0;
}

static int
set_word(struct spec *s, char *word)
{
	char *value = strchr(word, '=');

	if (value == NULL) {
		s->hold = strcmp(word, "hold") == 0;
		return s->hold ? 0 : -EINVAL;
	}
	*value++ = '\0';
	if (*value == '\0')
		return -EINVAL;
	if (strcmp(word, "in") == 0)
		strcpy(s->in, value);
	else if (strcmp(word, "out") == 0)
		strcpy(s->out, value);
	else if (strcmp(word, "rate") == 0)
		return set_rate(s, value);
	else
		return -EINVAL;
	return 0;
}

static int
parse(struct spec *s, const char *arg, char *why, unsigned int len)
{
	char text[PATH_LEN], *word, *save;

	*s = (struct spec){.pace = PACE_TIME};
	if (strlen(arg) >= sizeof(text)) {
		snprintf(why, len, "wire \"pcap\": '%s' is longer than %d characters", arg,
			PATH_LEN - 1);
		return -EINVAL;
	}
	strcpy(text, arg);
	for (word = strtok_r(text, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save)) {
		if (set_word(s, word) != 0) {
			snprintf(why, len,
				"wire \"pcap\": '%s': want in=FILE, out=FILE, rate=time, rate=max, "
				"rate=MBIT (1 to %u) or hold, parted by commas",
				arg, MAX_RATE);
			return -EINVAL;
		}
	}
	if ((s->in[0] != '\0' || s->out[0] != '\0') && strcmp(s->in, s->out) != 0)
		return 0;
	snprintf(why, len, "wire \"pcap\": '%s': want in=FILE, out=FILE or both, two files", arg);
	return -EINVAL;
}

static int
pcap_check(const char *arg, char *why, unsigned int len)
{
	struct spec s;

	return parse(&s, arg, why, len);
}

/* ---- playing ---- */

/* The next whole frame that a port can get; without one the play is over. */
static void
fetch(struct wire_pcap *p)
{
	int ret;

	while ((ret = playback_next(p->in, &p->next)) == 1) {
		if (p->next.whole && p->next.len > 0 && p->next.len <= WIRE_MAX_FRAME)
			return;
		atomic_fetch_add(&p->skipped, 1);
	}
	atomic_store(&p->done, true);
}

static bool
has_receiver(const struct nic *nic)
{
	unsigned int i;

	for (i = 0; i < nic->n_funcs; i++) {
		if (nic->funcs[i]->n_flows > 0)
			return true;
	}
	return false;
}

static bool
has_begun(const struct wire_pcap *p)
{
	return p->in != NULL && atomic_load_explicit(&p->begun, memory_order_relaxed) &&
		!atomic_load_explicit(&p->done, memory_order_relaxed);
}

/* Is it being played, now? Flows change under a pause, so this is for inside of a burst. */
static bool
is_playing(struct wire *w)
{
	struct wire_pcap *p = w->pcap;

	if (has_begun(p))
		return true;
	if (p->in == NULL || atomic_load_explicit(&p->done, memory_order_relaxed))
		return false;
	if (!atomic_load(&p->go) && (p->spec.hold || !has_receiver(w->nic)))
		return false;
	atomic_store(&p->begun, true);
	p->due = clock_ns() + (p->spec.hold ? 0 : MOMENT_NS);
	return true;
}

/* After a frame: when the one behind it is due. */
static void
set_due(struct wire_pcap *p, const struct playback_frame *last, uint64_t now)
{
	if (p->spec.pace == PACE_TIME && p->next.ns > last->ns)
		p->due += p->next.ns - last->ns;
	else if (p->spec.pace == PACE_RATE)
		p->due += (uint64_t)(last->len + GAP_BYTES) * 8000 / p->spec.rate;
	if (p->due + CATCH_UP_NS < now)
		p->due = now - CATCH_UP_NS;
}

static int
pcap_rx(struct wire *w, void *buf, uint32_t max)
{
	struct wire_pcap *p = w->pcap;
	struct playback_frame last;
	uint64_t now;

	if (!is_playing(w))
		return 0;
	now = clock_ns();
	if (now < p->due)
		return 0;
	last = p->next;
	if (last.len > max)
		last.len = max;
	memcpy(buf, last.data, last.len);
	atomic_fetch_add_explicit(&p->played, 1, memory_order_relaxed);
	fetch(p);
	set_due(p, &last, now);
	return (int)last.len;
}

/* The timer is set for the next frame, and its descriptor wakes the engine. */
static bool
pcap_arm(struct wire *w)
{
	struct wire_pcap *p = w->pcap;
	struct itimerspec at = {0};

	if (has_begun(p)) {
		if (clock_ns() >= p->due)
			return true;
		at.it_value.tv_sec = (time_t)(p->due / 1000000000u);
		at.it_value.tv_nsec = (long)(p->due % 1000000000u);
	}
	/* one that has struck is not readable any more, either */
	timerfd_settime(w->fd, TFD_TIMER_ABSTIME, &at, NULL);
	return false;
}

static int
pcap_play(struct wire *w, bool start, struct wire_play *now)
{
	struct wire_pcap *p = w->pcap;

	if (p->in == NULL)
		return -ENOENT;
	if (start)
		atomic_store(&p->go, true);
	*now = (struct wire_play){.file = playback_path(p->in),
		.played = atomic_load(&p->played),
		.skipped = atomic_load(&p->skipped),
		.begun = atomic_load(&p->begun),
		.done = atomic_load(&p->done)};
	return 0;
}

/* ---- the wire ---- */

static int
pcap_tx(struct wire *w, const struct iovec *seg, int n)
{
	struct iov_cur src = {.seg = seg, .n = (unsigned int)n};
	uint8_t frame[WIRE_MAX_FRAME];
	size_t len;

	if (w->pcap->out == NULL)
		return -ENODEV;
	/* copied first: a fault of the sender's memory must not find a lock held */
	len = iov_read(&src, frame, sizeof(frame));
	if (iov_here(&src, 1) != 0)
		return -EMSGSIZE;
	capture_write(w->pcap->out, frame, (uint32_t)len);
	return 0;
}

static int
open_files(struct wire_pcap *p, char *why, size_t len)
{
	int ret = 0;

	if (p->spec.in[0] != '\0')
		ret = playback_open(p->spec.in, &p->in, why, len);
	if (ret == 0 && p->spec.out[0] != '\0')
		ret = capture_open(p->spec.out, &p->out, why, len);
	return ret;
}

static void
pcap_close_all(struct wire *w)
{
	playback_close(w->pcap->in);
	capture_close(w->pcap->out);
	free(w->pcap);
	w->pcap = NULL;
	wire_fd_close(w);
}

static int
pcap_open(struct wire *w, const char *arg)
{
	struct wire_pcap *p = calloc(1, sizeof(*p));
	char why[PATH_LEN + 256] = "";
	int ret;

	if (p == NULL)
		return -ENOMEM;
	w->pcap = p;
	w->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	ret = w->fd < 0 ? -errno : parse(&p->spec, arg, why, sizeof(why));
	if (ret == 0)
		ret = open_files(p, why, sizeof(why));
	if (ret != 0) {
		wire_why(w, "%s", why[0] != '\0' ? why : strerror(-ret));
		pcap_close_all(w);
		return ret;
	}
	if (p->in != NULL)
		fetch(p);
	return 0;
}

const struct wire_ops wire_pcap = {
	.name = "pcap",
	.arg_help = "in=FILE, out=FILE or both",
	.check = pcap_check,
	.open = pcap_open,
	.close = pcap_close_all,
	.fd = wire_fd_get,
	.arm = pcap_arm,
	.play = pcap_play,
	.tx = pcap_tx,
	.rx = pcap_rx,
};
