/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Valid requests, one template each: an ioctl with its attributes, most with a mailbox. They name
 * objects by class, and make objects of a class.
 */
#ifndef TMPL_H
#define TMPL_H

#include <stdbool.h>
#include <stdint.h>

/* Objects, by what a request needs them for. */
enum cls {
	K_PD,
	K_MR,
	K_MKEY,
	K_TD,
	K_TIS,
	K_UMEM,
	K_UAR,
	K_VAR,
	K_CQ,
	K_QP_SW, /* with a receive queue */
	K_QP_FW, /* of the firmware, for events */
	K_COUNTERS,
	K_VQ_RX,
	K_VQ_TX,
	K_RQT,
	K_TIR,
	K_MATCHER,
	K_FLOW,
	K_CHAN, /* event channels: the handle is a descriptor */
	K_CMD_CHAN,
	K_ASYNC,
	K_COMP,
	K_VCQ, /* a completion queue of verbs */
	K_SQ,
	K_RQ,
	K_Q_COUNTER,
	K_CLASSES,
	K_NONE = K_CLASSES
};

enum att_kind {
	ATT_VALUE, /* as it stands */
	ATT_NEW, /* a handle that comes back */
	ATT_NEW_FD,
	ATT_SUBJECT, /* handle or descriptor of the object that the request is about */
	ATT_REF, /* handle or descriptor of an object of class 'value' */
	ATT_IN, /* the mailbox */
	ATT_OUT, /* room for its answer */
	ATT_DATA, /* input of 'len' bytes, which 'fill' writes, from 'value' of req.data on */
	ATT_ROOM, /* room for 'len' bytes */
	ATT_ADDRESS, /* an address of memory, as data */
	ATT_END
};

struct att {
	uint16_t id, len;
	enum att_kind kind;
	uint64_t value;
};

#define TMPL_ATTRS 9

struct run;
struct req;

/* Builds the mailbox or data of a request; NULL box: nothing. See box.c. */
typedef void (*tmpl_fill)(struct run *r, struct req *q);

struct tmpl {
	const char *name;
	uint16_t object, method;
	struct att att[TMPL_ATTRS]; /* up to ATT_END */
	enum cls makes, subject;
	bool destroys; /* the subject */
	tmpl_fill fill;
};

/*
 * The number of a template in a program: these two are actions (host.c), from TMPL_FIRST on come
 * the requests of tmpls[]. Inputs that are kept name templates by number: a new one goes to the
 * end.
 */
enum { TMPL_RING, TMPL_HOST, TMPL_FIRST };
extern const struct tmpl tmpls[];
extern const unsigned int n_tmpls; /* of all kinds */

/* Number of the template with this name; it has to be there. */
uint8_t tmpl_find(const char *name);
const char *tmpl_name(unsigned int tmpl);

/* A field of mailboxes that is worth changing. */
struct field {
	uint16_t bit;
	uint8_t width;
};
extern const struct field fields[];
extern const unsigned int n_fields;

#endif /* TMPL_H */
