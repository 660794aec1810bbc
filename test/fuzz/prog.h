/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * What an input of the targets "cmd" and "ring" says: a program for the NIC. Any bytes are a
 * program, so that no change of an input makes it useless.
 *
 * A byte of flags (enum prog_flag), and steps. A step: which template (tmpl.h), whom it is about
 * (enum step_flag), how many records follow (the low 4 bits), and those, of 12 bytes each. A record
 * of a request changes one thing in it (enum change); one of a template "ring" or "host" is an
 * action (host.c). Numbers are little endian.
 */
#ifndef PROG_H
#define PROG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROG_MAX_STEPS 96u
#define PROG_MAX_RECS 15u
#define PROG_HEAD 3u /* bytes of a step before its records */
#define PROG_REC 12u

enum prog_flag {
	PROG_SAME_FUNC = 0x01, /* both contexts on one function */
	PROG_DIRECT = 0x02, /* mailboxes go to the firmware without the kernel's rules */
	PROG_NO_DEVX = 0x04, /* second context without a firmware user context */
	PROG_NO_CONTEXT = 0x08, /* second descriptor without GET_CONTEXT */
	PROG_PACKED = 0x10, /* packed rings */
	PROG_KLM = 0x20, /* queues use a list of keys, if there is one */
	PROG_OFFLOAD = 0x40, /* queues with offloads, and a hash of addresses and ports */
};

enum step_flag {
	STEP_CTX = 0x01, /* the second context */
	STEP_SUBJECT = 0x0e, /* how many objects before the last one is meant (bits 1..3) */
	STEP_STALE = 0x10, /* one that was destroyed already */
	STEP_OTHER = 0x20, /* that one, and all that it refers to, of the other context */
	STEP_OLDER = 0x40, /* what it refers to: the last but one */
	STEP_WRITE = 0x80, /* a command of the write() ABI goes by write(), not in an ioctl */
};

/* What a record changes in a request: rec.what modulo CHANGE_KINDS. */
enum change {
	CHANGE_BITS, /* mailbox, from bit 'pos', a % 64 + 1 bits: become 'value' */
	CHANGE_ADD, /* the same bits: 'value' is added */
	CHANGE_ID, /* the same bits: number of an object (see run_pick()) */
	CHANGE_INLEN, /* length of the mailbox: becomes (a odd: is changed by) value */
	CHANGE_OUTLEN, /* of the answer */
	CHANGE_ATTR, /* attribute a % 16, its part a / 16 (enum attr_part) */
	CHANGE_HDR, /* field a of the head of the ioctl */
	CHANGE_DATA, /* of a request without a mailbox: input data, like CHANGE_BITS */
	CHANGE_KINDS
};

enum attr_part {
	PART_LEN,
	PART_FLAGS,
	PART_RESERVED,
	PART_ID,
	PART_DATA,
	PART_DROP,
	PART_TWICE,
	PART_POINTER, /* to where nothing is, or not all of it: see run.c */
	PART_KINDS
};

struct rec {
	uint8_t what, a;
	uint16_t pos;
	uint64_t value;
};

struct step {
	uint8_t tmpl, flags, n;
	struct rec rec[PROG_MAX_RECS];
};

/* Read the step at *at. False: the input ends there. */
bool prog_next(const uint8_t *data, size_t size, size_t *at, struct step *s);
/* What a record of a request changes, in a word. */
const char *prog_change_name(const struct rec *rec);
/* Append a step: bytes that it took, 0 when there is no room. */
size_t prog_put(uint8_t *data, size_t max, const struct step *s);

/* fuzz_target.mutate: insert, remove, repeat, move or change steps and records. */
size_t prog_mutate(uint8_t *data, size_t size, size_t max, unsigned int seed);

#endif /* PROG_H */
