/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Structures of the public header that begin with argsz and flags, from callers of any age. The
 * rules are those of Linux' iommufd (include/uapi/linux/iommufd.h). No lock, no state.
 */
#ifndef HF_ARGSZ_H
#define HF_ARGSZ_H

#include <stdint.h>

/*
 * The caller's structure into one of 'size' bytes, of which what he does not know is zero. 0;
 * -EINVAL: user is NULL, or argsz too small for argsz and flags, or no multiple of 8; -E2BIG: there
 * is something beyond 'size'; -EOPNOTSUPP: a flag that is not among 'flags'.
 */
int hf_argsz_in(void *own, uint32_t size, const void *user, uint32_t flags);
/* As much of our structure as the caller knows, with argsz our size and the caller's flags. */
void hf_argsz_out(void *user, const void *own, uint32_t size);

#endif /* HF_ARGSZ_H */
