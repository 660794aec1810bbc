/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The table of live objects of one device: what exists, who refers to it, what is left over at
 * close.
 *
 * The table owns its entries; whoever added an entry or took a reference owes one hf_obj_put(),
 * before hf_objs_destroy(). One lock inside, never held across a call-out: any thread may call,
 * under any lock.
 */
#ifndef HF_OBJS_H
#define HF_OBJS_H

#include <stdint.h>

struct hf_objs;
struct hf_obj;

/* owner: name for the log lines; copied. NULL: no memory. */
struct hf_objs *hf_objs_create(const char *owner);
/*
 * Reports every object that is left, by kind and number, in the log, and returns how many there
 * were. Frees all entries: no struct hf_obj of this table may be used afterwards. NULL is allowed.
 */
unsigned int hf_objs_destroy(struct hf_objs *t);
/*
 * Enter an object with one reference. kind is a literal ("virtq") that outlives the table, num the
 * number by which the firmware knows it. NULL: no memory.
 */
struct hf_obj *hf_obj_add(struct hf_objs *t, const char *kind, uint32_t num);
void hf_obj_get(struct hf_obj *o);
/* Drops a reference; at the last one the entry goes. Returns the references left. */
unsigned int hf_obj_put(struct hf_obj *o);
/* Objects (not references) of this kind; kind NULL: of all kinds. */
unsigned int hf_objs_count(struct hf_objs *t, const char *kind);

#endif /* HF_OBJS_H */
