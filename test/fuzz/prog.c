/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "prog.h"

#include <endian.h>
#include <string.h>

#include "fuzz.h"
#include "tmpl.h"

/* ---- encoding ---- */

bool
prog_next(const uint8_t *data, size_t size, size_t *at, struct step *s)
{
	unsigned int i;

	if (*at + PROG_HEAD > size)
		return false;
	s->tmpl = data[*at] % n_tmpls;
	s->flags = data[*at + 1];
	s->n = data[*at + 2] & 0xf;
	*at += PROG_HEAD;
	for (i = 0; i < s->n; i++, *at += PROG_REC) {
		const uint8_t *p = data + *at;
		uint64_t value;
		uint16_t pos;

		if (*at + PROG_REC > size) {
			s->n = i;
			*at = size;
			return true;
		}
		memcpy(&pos, p + 2, sizeof(pos));
		memcpy(&value, p + 4, sizeof(value));
		s->rec[i] = (struct rec){p[0], p[1], le16toh(pos), le64toh(value)};
	}
	return true;
}

size_t
prog_put(uint8_t *data, size_t max, const struct step *s)
{
	size_t len = PROG_HEAD + s->n * PROG_REC;
	uint8_t *p = data + PROG_HEAD;
	unsigned int i;

	if (len > max)
		return 0;
	data[0] = s->tmpl;
	data[1] = s->flags;
	data[2] = s->n;
	for (i = 0; i < s->n; i++, p += PROG_REC) {
		uint16_t pos = htole16(s->rec[i].pos);
		uint64_t value = htole64(s->rec[i].value);

		p[0] = s->rec[i].what;
		p[1] = s->rec[i].a;
		memcpy(p + 2, &pos, sizeof(pos));
		memcpy(p + 4, &value, sizeof(value));
	}
	return len;
}

const char *
prog_change_name(const struct rec *rec)
{
	static const char *const names[CHANGE_KINDS] = {
		"bits", "add", "id", "inlen", "outlen", "attr", "hdr", "data"};

	return names[rec->what % CHANGE_KINDS];
}

/* ---- mutation ---- */

/* All of it depends on the seed alone. */
static uint64_t rng;

static uint32_t
rnd(uint32_t n)
{
	/* xorshift64* */
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (uint32_t)((rng * 0x2545f4914f6cdd1dull) >> 33) % n;
}

static uint64_t
rnd_value(void)
{
	static const uint64_t some[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 63, 64, 65, 255, 256, 0xffff,
		0x7fff, 0x8000, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff,
		0x100000000, INT64_MAX, UINT64_MAX, UINT64_MAX - 1, 0x10000000, 0x10040000};

	switch (rnd(4)) {
	case 0:
		return 1ull << rnd(64);
	case 1:
		return (uint64_t)rnd(UINT32_MAX) << rnd(33);
	case 2:
		return rnd(256);
	default:
		return some[rnd(sizeof(some) / sizeof(some[0]))];
	}
}

static struct rec
rnd_rec(void)
{
	struct rec r = {.what = (uint8_t)rnd(256), .a = (uint8_t)rnd(256)};
	const struct field *f;

	r.value = rnd_value();
	r.pos = (uint16_t)rnd(0x1000);
	/* most of what is in a mailbox means nothing: prefer what does */
	if (rnd(4) != 0) {
		f = &fields[rnd(n_fields)];
		r.what = (uint8_t)rnd(CHANGE_ID + 1);
		r.pos = f->bit;
		r.a = (uint8_t)(f->width - 1);
	}
	return r;
}

static void
rnd_step(struct step *s)
{
	unsigned int i;

	memset(s, 0, sizeof(*s));
	s->tmpl = (uint8_t)rnd(n_tmpls);
	if (rnd(3) == 0)
		s->flags = (uint8_t)rnd(256);
	if (s->tmpl < TMPL_FIRST)
		s->n = (uint8_t)(1 + rnd(6));
	else if (rnd(2) == 0)
		s->n = (uint8_t)(1 + rnd(2));
	for (i = 0; i < s->n; i++) {
		s->rec[i] = rnd_rec();
		if (s->tmpl < TMPL_FIRST)
			s->rec[i].what = (uint8_t)rnd(16);
	}
}

static void
change_rec(struct rec *r)
{
	switch (rnd(6)) {
	case 0:
		r->what = (uint8_t)rnd(16);
		break;
	case 1:
		r->a = (uint8_t)rnd(256);
		break;
	case 2:
		r->pos = (uint16_t)(r->pos + rnd(17) - 8);
		break;
	case 3:
		r->value ^= 1ull << rnd(64);
		break;
	case 4:
		r->value += rnd(33) - 16ull;
		break;
	default:
		*r = rnd_rec();
	}
}

static void
change_step(struct step *s)
{
	unsigned int i;

	switch (rnd(6)) {
	case 0:
		s->flags ^= (uint8_t)(1u << rnd(8));
		break;
	case 1:
		if (s->n < PROG_MAX_RECS)
			s->rec[s->n++] = rnd_rec();
		break;
	case 2:
		if (s->n > 0)
			s->n--;
		break;
	case 3:
		rnd_step(s);
		break;
	default:
		i = s->n > 0 ? rnd(s->n) : 0;
		if (s->n > 0)
			change_rec(&s->rec[i]);
		else
			s->flags = (uint8_t)rnd(256);
	}
}

static struct step list[PROG_MAX_STEPS + 1];
static unsigned int n_list;

static void
insert(unsigned int at, const struct step *s)
{
	if (n_list == PROG_MAX_STEPS)
		return;
	memmove(&list[at + 1], &list[at], (n_list - at) * sizeof(list[0]));
	list[at] = *s;
	n_list++;
}

static void
take_out(unsigned int at)
{
	n_list--;
	memmove(&list[at], &list[at + 1], (n_list - at) * sizeof(list[0]));
}

static void
mutate_once(uint8_t *flags)
{
	unsigned int at = n_list > 0 ? rnd(n_list) : 0, from;
	struct step s;

	if (n_list == 0 || rnd(4) == 0) {
		rnd_step(&s);
		insert(rnd(n_list + 1), &s);
		return;
	}
	switch (rnd(8)) {
	case 0:
		take_out(at);
		break;
	case 1: /* once more, perhaps elsewhere */
		s = list[at];
		insert(rnd(n_list + 1), &s);
		break;
	case 2: /* to another place */
		s = list[at];
		take_out(at);
		insert(rnd(n_list + 1), &s);
		break;
	case 3:
		*flags ^= (uint8_t)(1u << rnd(8));
		break;
	case 4: /* a record from elsewhere */
		from = rnd(n_list);
		if (list[from].n > 0 && list[at].n < PROG_MAX_RECS)
			list[at].rec[list[at].n++] = list[from].rec[rnd(list[from].n)];
		break;
	default:
		change_step(&list[at]);
	}
}

size_t
prog_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	uint8_t flags = size > 0 ? data[0] : 0;
	size_t at = 1, len;
	unsigned int i;

	rng = seed * 0x9e3779b97f4a7c15ull + 1;
	for (n_list = 0; n_list < PROG_MAX_STEPS && prog_next(data, size, &at, &list[n_list]);)
		n_list++;
	for (i = 1 + rnd(4); i > 0; i--)
		mutate_once(&flags);
	if (max == 0)
		return 0;
	data[0] = flags;
	for (at = 1, i = 0; i < n_list; i++, at += len) {
		len = prog_put(data + at, max - at, &list[i]);
		if (len == 0)
			break;
	}
	return at;
}
