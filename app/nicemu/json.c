/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <cjson/cJSON.h>

#include "nicemu.h"

const char *
text_of(const cJSON *j, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));

	return s != NULL ? s : "";
}

double
number_of(const cJSON *j, const char *name)
{
	const cJSON *v = cJSON_GetObjectItem(j, name);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}
