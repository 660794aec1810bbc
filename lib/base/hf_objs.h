/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The table of live objects of one device: what exists, who refers to it, what is left over at close.
 * One lock inside; any thread may call.
 */
#ifndef HF_OBJS_H
#define HF_OBJS_H

#include <stdint.h>
#include <stdio.h>

struct hf_objs;
struct hf_obj;

struct hf_objs *hf_objs_create(const char *owner);
/* Reports every object that is left, by name, and returns how many there were. */
unsigned int hf_objs_destroy(struct hf_objs *t);
/* Enter an object with one reference. kind is a literal ("virtq"), num its firmware number. NULL: no memory. */
struct hf_obj *hf_obj_add(struct hf_objs *t, const char *kind, uint32_t num);
void hf_obj_get(struct hf_obj *o);
/* Drops a reference; at the last one the entry goes. Returns the references left. */
unsigned int hf_obj_put(struct hf_obj *o);
unsigned int hf_objs_count(struct hf_objs *t, const char *kind);	/* kind NULL: all */
void hf_objs_dump(struct hf_objs *t, FILE *f);

#endif /* HF_OBJS_H */
