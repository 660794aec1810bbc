/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include "nicemu.h"

int
main(int argc, char **argv)
{
	static struct options o;
	int status;

	options_parse(&o, argc, argv);
	switch (o.cmd) {
	case CMD_RUN:
		status = run_main(&o);
		break;
	case CMD_DESCRIBE:
		status = describe_main(&o);
		break;
	case CMD_TRACE:
		status = trace_main(&o);
		break;
	default:
		status = ctl_main(&o);
	}
	conf_free(&o.conf);
	return status;
}
