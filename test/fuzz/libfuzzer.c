/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * A target for libFuzzer.
 */
#include <stdio.h>
#include <stdlib.h>

#include "fuzz.h"

bool fuzz_careful;

/* What libFuzzer looks for, and what it offers: llvm's compiler-rt, fuzzer/FuzzerInterface.h. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (fuzz_target.init() != 0) {
		fprintf(stderr, "fuzz-%s: cannot start\n", fuzz_target.name);
		exit(2);
	}
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= FUZZ_MAX_INPUT)
		fuzz_target.run(data, size);
	return 0;
}

/* libFuzzer's own changes know what the program compared bytes with, ours what a program is. */
size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	if (fuzz_target.mutate == NULL || seed % 4 == 0)
		return LLVMFuzzerMutate(data, size, max);
	return fuzz_target.mutate(data, size, max, seed);
}
