/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * The command line. Options that describe the NIC are kept until all are there, since --vfs and
 * --config say what the others apply to.
 */
#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nicemu.h"

#define MAX_SETTINGS 256
#define MAX_WORDS 8 /* of a request */

enum key {
	KEY_NIC = 0x100,
	KEY_VFS,
	KEY_CONFIG,
	KEY_QUEUES,
	KEY_CAP,
	KEY_MAC,
	KEY_NUMA,
	KEY_MTU,
	KEY_TRUST,
	KEY_PROMISC,
	KEY_ALLMULTI,
	KEY_MC,
	KEY_WIRE,
	KEY_LEARN,
	KEY_ENGINES,
	KEY_CPUS,
	KEY_NO_MEMLOCK,
	KEY_FAIL,
	KEY_CTL,
	KEY_TRACE,
	KEY_TIMING,
	KEY_TIMING_SCALE,
	KEY_PCAP,
	KEY_KEEP,
	KEY_LEAKS,
	KEY_OBJECTS,
	KEY_SOCKET,
	KEY_LIST,
	KEY_TIMELINE,
	KEY_FUNC,
	KEY_FROM,
	KEY_TO,
	KEY_JSON,
};

struct setting {
	int key;
	char *arg;
};

struct parser {
	struct options *o;
	const char *config;
	const char *vfs;
	struct setting settings[MAX_SETTINGS];
	unsigned int n_settings;
	char *words[MAX_WORDS + 1];
	unsigned int n_words;
};

const char *argp_program_version = "nicemu " NICEMU_VERSION;

static const char doc[] =
	"Put a command on an emulated ConnectX: unmodified libibverbs, libmlx5 and DPDK "
	"programs find a PF "
	"and its VFs, joined by an e-switch, without hardware and without a kernel driver.\v"
	"Commands:\n"
	"  run [OPTION...] -- COMMAND [ARG...]\n"
	"      run COMMAND on a NIC of its own, and end with its status\n"
	"  describe [OPTION...] [--json]\n"
	"      print the NIC as an INI file that --config takes back: all\n"
	"      capabilities, their defaults and what they are\n"
	"  ctl --socket PATH [--json] REQUEST\n"
	"      ask a running NIC (run --ctl PATH), or do something to it:\n"
	"      objects, queues, stats, commands\n"
	"          its firmware objects; its virtqueues; what port, vports and\n"
	"          virtqueues count; how often each command and ioctl was\n"
	"          executed, and failed\n"
	"      fail SPEC, fail list, fail clear [FUNC]\n"
	"          failures on demand: one more, those that wait, none any more\n"
	"      link, link port up|down, link FUNC up|down|auto\n"
	"          state of the port and of each vport; the port is plugged in\n"
	"          or out; a vport's link is on, off, or follows the port (auto)\n"
	"      kill FUNC, unload FUNC, revive FUNC\n"
	"          the firmware of a function has a fatal error: commands are\n"
	"          refused, nothing is read or written. The kernel's driver leaves\n"
	"          it: who has it open gets EIO. A new life, with a driver, and\n"
	"          without any object of the old one\n"
	"      check\n"
	"          look for states of its objects that no sequence of commands may\n"
	"          lead to: an error, in words, if there are any\n"
	"      timing, timing on|off, timing scale X\n"
	"          the time that commands take (run --timing): what it is, whether it\n"
	"          passes, and how much of it\n"
	"      pcap, pcap start PORT FILE, pcap stop PORT, pcap play\n"
	"          capture what passes a port: FUNC, or port, the NIC's own; and begin\n"
	"          to play what the wire pcap: holds\n"
	"  trace [--list | --json] [--func FUNC] [--from S] [--to S] FILE\n"
	"      what a run wrote with --trace: how often each command and each call\n"
	"      of the kernel came, failed, how long they took, what they pinned\n"
	"  trace --timeline OUT [--func FUNC] [--from S] [--to S] FILE...\n"
	"      the same as a picture: which commands were under way together; several\n"
	"      runs on one axis of time\n"
	"\n"
	"SPEC is [FUNC/]WHAT[:NTH[:HOW]]. WHAT: a firmware command by name or number\n"
	"(CREATE_MKEY), 'any' command, ioctl:METHOD (ioctl:REG_MR, ioctl:any; a wrong\n"
	"name lists them all), or 'event', a notification of a virtqueue. NTH: 1 is the\n"
	"next one. HOW: a status (INT_ERR) or 'die' for a command; an errno (EIO) or\n"
	"'die' for an ioctl; 'lost', 'error' or 'delay=MS' for an event.\n"
	"\n"
	"FUNC is a function: 0 is the PF, 1 the first VF; or its name (mlx5_1), or\n"
	"its PCI address (0000:ca:00.2).\n"
	"\n"
	"WIRE is what the port is plugged into. link:PATH: the NICs of other\n"
	"processes that meet there (give them different --mac addresses). pcap: with\n"
	"any of in=FILE (played into the port), out=FILE (what leaves), rate=time,\n"
	"rate=max or rate=MBIT (pace of the play: as in the file, no bound, a line's)\n"
	"and hold (begin at nicemu ctl pcap play), parted by commas.\n"
	"\n"
	"Examples:\n"
	"  nicemu run -- ibv_devinfo -v\n"
	"  nicemu run --vfs 4 --wire tap:nicemu0 --ctl /tmp/nic.sock -- \\\n"
	"      dpdk-vdpa -a 0000:ca:00.2,class=vdpa -- -i\n"
	"  nicemu ctl --socket /tmp/nic.sock objects\n"
	"  nicemu ctl --socket /tmp/nic.sock fail 1/ioctl:REG_MR:2:ENOMEM\n"
	"  nicemu run --cap virtio_version_1_0=0 --cap 2:tx_csum=0 -- COMMAND\n"
	"  nicemu describe --vfs 1 >nic.ini; nicemu run --config nic.ini -- COMMAND\n";

/* clang-format off */
static const struct argp_option options[] = {
	{NULL, 0, NULL, 0, "The NIC (run, describe):", 1},
	{"nic", KEY_NIC, "PART", 0,
		"the adapter: cx6dx, or cx5, a ConnectX-5, which has no virtqueues (cx6dx)", 0},
	{"vfs", KEY_VFS, "N", 0, "virtual functions, 0 to 64 (2)", 0},
	{"config", KEY_CONFIG, "FILE", 0, "start from this description, not the default one", 0},
	{"queues", KEY_QUEUES, "N", 0, "virtqueues of each function (32)", 0},
	{"cap", KEY_CAP, "[FUNC:]NAME=VALUE", 0, "set a capability, of all functions or one", 0},
	{"mac", KEY_MAC, "FUNC=MAC", 0, "Ethernet address of a function", 0},
	{"numa", KEY_NUMA, "FUNC=NODE", 0, "NUMA node of a function, -1: none (-1)", 0},
	{"mtu", KEY_MTU, "FUNC=BYTES", 0, "largest IP packet of a function (1500)", 0},
	{NULL, 0, NULL, 0, "E-switch and wire (run, describe):", 2},
	{"wire", KEY_WIRE, "WIRE", 0,
		"what the port is wired to: none, loop, tap:NAME, if:NAME, link:PATH or pcap:in=FILE,out=FILE (none)", 0},
	{"learn", KEY_LEARN, NULL, 0,
		"the e-switch learns addresses, instead of knowing those of its functions only", 0},
	{"trust", KEY_TRUST, "FUNC", 0, "the function may be promiscuous", 0},
	{"promisc", KEY_PROMISC, "FUNC", 0,
		"the function gets unicast from the wire that is no function's, and all multicast; "
		"needs --trust", 0},
	{"allmulti", KEY_ALLMULTI, "FUNC", 0,
		"the function gets all multicast; needs --trust", 0},
	{"mc", KEY_MC, "FUNC=MAC", 0,
		"the function gets multicast to this address; up to 16 of them", 0},
	{NULL, 0, NULL, 0, "How it runs (run, describe):", 3},
	{"engines", KEY_ENGINES, "N", 0, "threads that move packets (1)", 0},
	{"cpus", KEY_CPUS, "LIST", 0, "CPUs of these threads, as in 0,2-3 (any)", 0},
	{"no-memlock", KEY_NO_MEMLOCK, NULL, 0,
		"no limit to what is registered; a kernel has RLIMIT_MEMLOCK and CAP_IPC_LOCK", 0},
	{"fail", KEY_FAIL, "SPEC", 0,
		"let the NTH (1) command or ioctl of a kind fail, see below; as often as needed", 0},
	{"ctl", KEY_CTL, "PATH", 0, "control socket of the NIC, for nicemu ctl", 0},
	{"pcap", KEY_PCAP, "[PORT=]FILE", 0,
		"capture what passes a port, both ways: of a FUNC, or the NIC's own (port), which is "
		"the default; as often as needed", 0},
	{"trace", KEY_TRACE, "FILE", 0,
		"write each firmware command and each call of the kernel as a line of JSON; -: to "
		"stderr", 0},
	{"timing", KEY_TIMING, "PROFILE", 0,
		"commands and registrations take the time that they take on a NIC: cx6dx, or a file of "
		"such figures; none: what the CPU takes (none)", 0},
	{"timing-scale", KEY_TIMING_SCALE, "X", 0, "all of these times by X (1)", 0},
	{NULL, 0, NULL, 0, "The command (run):", 4},
	{"leaks", KEY_LEAKS, NULL, 0,
		"report what is left behind in a device that is closed, or at exit; then the exit "
		"status is not 0", 0},
	{"objects-at-exit", KEY_OBJECTS, NULL, 0,
		"print the objects that the NIC has when COMMAND exits", 0},
	{"keep", KEY_KEEP, NULL, 0, "keep the generated files, and tell where they are", 0},
	{"verbose", 'v', NULL, 0, "report what the NIC refuses, and why", 0},
	{NULL, 0, NULL, 0, "Asking (describe, ctl, trace):", 5},
	{"socket", KEY_SOCKET, "PATH", 0, "control socket to ask (ctl)", 0},
	{"list", KEY_LIST, NULL, 0, "all lines in their order, not a summary (trace)", 0},
	{"timeline", KEY_TIMELINE, "OUT", 0,
		"a picture, .svg or .png: commands as bars over time, one FILE above the other (trace)", 0},
	{"func", KEY_FUNC, "FUNC", 0,
		"only this function, by name (mlx5_1) or PCI address (trace)", 0},
	{"from", KEY_FROM, "S", 0,
		"what began so many seconds after the first line; for a picture once for each FILE (trace)", 0},
	{"to", KEY_TO, "S", 0, "what began before that (trace)", 0},
	{"json", KEY_JSON, NULL, 0, "answer as JSON", 0},
	{0},
};
/* clang-format on */

/* Which commands take an option: a bit for each enum cmd. */
static unsigned int
commands_of(int key)
{
	switch (key) {
	case KEY_KEEP:
	case KEY_LEAKS:
	case KEY_OBJECTS:
	case 'v':
		return 1u << CMD_RUN;
	case KEY_SOCKET:
		return 1u << CMD_CTL;
	case KEY_LIST:
	case KEY_TIMELINE:
	case KEY_FUNC:
	case KEY_FROM:
	case KEY_TO:
		return 1u << CMD_TRACE;
	case KEY_JSON:
		return 1u << CMD_DESCRIBE | 1u << CMD_CTL | 1u << CMD_TRACE;
	default:
		return 1u << CMD_RUN | 1u << CMD_DESCRIBE;
	}
}

static void
take_command(struct parser *p, const char *name, struct argp_state *state)
{
	if (strcmp(name, "run") == 0)
		p->o->cmd = CMD_RUN;
	else if (strcmp(name, "describe") == 0)
		p->o->cmd = CMD_DESCRIBE;
	else if (strcmp(name, "ctl") == 0)
		p->o->cmd = CMD_CTL;
	else if (strcmp(name, "trace") == 0)
		p->o->cmd = CMD_TRACE;
	else
		argp_error(state, "unknown command '%s': want run, describe, ctl or trace", name);
}

/* The command to run takes everything that follows; a request is a few words. */
static void
take_arg(struct parser *p, char *arg, struct argp_state *state)
{
	switch (p->o->cmd) {
	case CMD_NONE:
		take_command(p, arg, state);
		return;
	case CMD_RUN:
		p->o->args = &state->argv[state->next - 1];
		state->next = state->argc;
		return;
	case CMD_CTL:
	case CMD_TRACE:
		if (p->n_words == MAX_WORDS)
			argp_error(state, "a request of more than %d words", MAX_WORDS);
		p->words[p->n_words++] = arg;
		p->o->args = p->words;
		return;
	case CMD_DESCRIBE:
		argp_error(state, "describe takes no '%s'", arg);
	}
}

static double
seconds(const char *arg, struct argp_state *state)
{
	char *end;
	double s = strtod(arg, &end);

	if (end == arg || *end != '\0' || !(s >= 0))
		argp_error(state, "'%s': want a number of seconds", arg);
	return s;
}

/* Files of a picture can have one each. */
static void
add_seconds(double *list, unsigned int *n, const char *arg, struct argp_state *state)
{
	if (*n == TRACE_FILES)
		argp_error(state, "more than %d times from or to", TRACE_FILES);
	list[(*n)++] = seconds(arg, state);
}

static void
check_trace(const struct parser *p, struct argp_state *state)
{
	const struct options *o = p->o;
	bool many = o->timeline != NULL;

	if (p->n_words < 1 || (!many && p->n_words != 1) || p->n_words > TRACE_FILES)
		argp_error(state, many ? "--timeline needs 1 to %d FILEs" : "trace needs one FILE",
			TRACE_FILES);
	if (!many && (o->n_from > 1 || o->n_to > 1))
		argp_error(state, "several times --from or --to are for several FILEs");
	if ((int)o->list + (int)o->json + (int)many > 1)
		argp_error(state, "--list, --json or --timeline: the file itself is JSON");
}

static error_t
parse_option(struct parser *p, int key, char *arg, struct argp_state *state)
{
	if (p->o->cmd == CMD_NONE)
		argp_error(state, "the command comes first: run, describe, ctl or trace");
	if ((commands_of(key) & 1u << p->o->cmd) == 0)
		argp_error(state, "this command does not take '%s'", state->argv[state->next - 1]);
	switch (key) {
	case KEY_VFS:
		p->vfs = arg;
		break;
	case KEY_CONFIG:
		p->config = arg;
		break;
	case KEY_KEEP:
		p->o->keep = true;
		break;
	case 'v':
		p->o->verbose = true;
		break;
	case KEY_JSON:
		p->o->json = true;
		break;
	case KEY_SOCKET:
		p->o->socket = arg;
		break;
	case KEY_LIST:
		p->o->list = true;
		break;
	case KEY_FUNC:
		p->o->func = arg;
		break;
	case KEY_TIMELINE:
		p->o->timeline = arg;
		break;
	case KEY_FROM:
		add_seconds(p->o->from, &p->o->n_from, arg, state);
		break;
	case KEY_TO:
		add_seconds(p->o->to, &p->o->n_to, arg, state);
		break;
	default:
		if (p->n_settings == MAX_SETTINGS)
			argp_error(state, "more than %d options", MAX_SETTINGS);
		p->settings[p->n_settings++] = (struct setting){key, arg};
	}
	return 0;
}

static error_t
parse(int key, char *arg, struct argp_state *state)
{
	struct parser *p = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		take_arg(p, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (p->o->cmd == CMD_NONE)
			argp_usage(state);
		if (p->o->cmd == CMD_RUN && p->o->args == NULL)
			argp_error(state, "run needs a COMMAND");
		if (p->o->cmd == CMD_CTL && (p->o->args == NULL || p->o->socket == NULL))
			argp_error(state, "ctl needs --socket PATH and a request: see --help");
		if (p->o->cmd == CMD_TRACE)
			check_trace(p, state);
		return 0;
	case ARGP_KEY_INIT:
	case ARGP_KEY_FINI:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_ERROR:
	case ARGP_KEY_ARGS:
	case ARGP_KEY_NO_ARGS:
		return 0;
	default:
		return (key > 0xff && key <= KEY_JSON) || key == 'v'
			? parse_option(p, key, arg, state)
			: ARGP_ERR_UNKNOWN;
	}
}

static int
no_func(const struct conf *c, const char *name, char *why)
{
	snprintf(why, WHY_LEN, "no function '%s': want 0 to %u, or a name like %s or %s", name,
		c->n_funcs - 1, c->funcs[0].ibdev, c->funcs[0].bdf);
	return -1;
}

/* "FUNC=VALUE" */
static int
set_of_func(struct conf *c, const char *key, char *arg, char *why)
{
	char *value = strchr(arg, '=');
	int func;

	if (value == NULL) {
		snprintf(why, WHY_LEN, "--%s '%s': want FUNC=VALUE", key, arg);
		return -1;
	}
	*value++ = '\0';
	func = conf_find_func(c, arg);
	if (func < 0)
		return no_func(c, arg, why);
	return conf_set(c, func, strcmp(key, "numa") == 0 ? "numa_node" : key, value, why, WHY_LEN);
}

static int
set_flag(struct conf *c, const char *key, const char *name, char *why)
{
	int func = conf_find_func(c, name);

	return func < 0 ? no_func(c, name, why) : conf_set(c, func, key, "1", why, WHY_LEN);
}

/* "[FUNC:]NAME=VALUE"; a PCI address has colons of its own. */
static int
set_cap(struct conf *c, char *arg, char *why)
{
	char *value = strchr(arg, '='), *colon;
	int func = -1;

	if (value == NULL) {
		snprintf(why, WHY_LEN, "--cap '%s': want [FUNC:]NAME=VALUE", arg);
		return -1;
	}
	*value++ = '\0';
	colon = strrchr(arg, ':');
	if (colon != NULL) {
		*colon = '\0';
		func = conf_find_func(c, arg);
		if (func < 0)
			return no_func(c, arg, why);
		arg = colon + 1;
	}
	return conf_set_cap(c, func, arg, value, why, WHY_LEN);
}

static int
set_queues(struct conf *c, const char *arg, char *why)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; ret == 0 && i < c->n_funcs; i++)
		ret = conf_set(c, (int)i, "queues", arg, why, WHY_LEN);
	return ret;
}

/* A name of ours, or a file. */
static int
set_timing(struct conf *c, const char *arg, char *why)
{
	char path[PATH_MAX];

	if (strcmp(arg, "none") == 0)
		return conf_set_timing(c, "profile", arg, why, WHY_LEN);
	if (strchr(arg, '/') == NULL && timing_path(arg, path, sizeof(path)) == 0)
		return conf_read_timing(c, path, why, WHY_LEN);
	if (access(arg, F_OK) == 0)
		return conf_read_timing(c, arg, why, WHY_LEN);
	snprintf(why, WHY_LEN, "timing '%s': want none, cx6dx, or a file with a section [timing]",
		arg);
	return -1;
}

static int
apply(struct conf *c, const struct setting *s, char *why)
{
	switch (s->key) {
	case KEY_NIC:
		return conf_set_part(c, s->arg, why, WHY_LEN);
	case KEY_QUEUES:
		return set_queues(c, s->arg, why);
	case KEY_CAP:
		return set_cap(c, s->arg, why);
	case KEY_MAC:
		return set_of_func(c, "mac", s->arg, why);
	case KEY_NUMA:
		return set_of_func(c, "numa", s->arg, why);
	case KEY_MTU:
		return set_of_func(c, "mtu", s->arg, why);
	case KEY_TRUST:
		return set_flag(c, "trusted", s->arg, why);
	case KEY_PROMISC:
		return set_flag(c, "promisc", s->arg, why);
	case KEY_ALLMULTI:
		return set_flag(c, "allmulti", s->arg, why);
	case KEY_MC:
		return set_of_func(c, "mc", s->arg, why);
	case KEY_LEARN:
		return conf_set(c, -1, "learn", "1", why, WHY_LEN);
	case KEY_LEAKS:
		return conf_set(c, -1, "leaks", "1", why, WHY_LEN);
	case KEY_OBJECTS:
		return conf_set(c, -1, "objects", "1", why, WHY_LEN);
	case KEY_NO_MEMLOCK:
		return conf_set(c, -1, "memlock", "0", why, WHY_LEN);
	case KEY_WIRE:
		return conf_set(c, -1, "wire", s->arg, why, WHY_LEN);
	case KEY_ENGINES:
		return conf_set(c, -1, "engines", s->arg, why, WHY_LEN);
	case KEY_CPUS:
		return conf_set(c, -1, "cpus", s->arg, why, WHY_LEN);
	case KEY_CTL:
		return conf_set(c, -1, "ctl", s->arg, why, WHY_LEN);
	case KEY_PCAP:
		return conf_set_pcap(c, s->arg, why, WHY_LEN);
	case KEY_TRACE:
		return conf_set(c, -1, "trace", s->arg, why, WHY_LEN);
	case KEY_TIMING:
		return set_timing(c, s->arg, why);
	case KEY_TIMING_SCALE:
		return conf_set_timing(c, "scale", s->arg, why, WHY_LEN);
	default:
		return conf_set_fail(c, s->arg, why, WHY_LEN);
	}
}

static int
describe_nic(struct parser *p, char *why)
{
	struct conf *c = &p->o->conf;
	int64_t vfs = 2;
	unsigned int i;
	int ret;

	if (p->config != NULL && p->vfs != NULL) {
		snprintf(why, WHY_LEN, "--vfs and --config: the file says how many VFs there are");
		return -1;
	}
	if (p->vfs != NULL && (conf_number(p->vfs, &vfs) != 0 || vfs < 0 || vfs > CONF_MAX_VFS)) {
		snprintf(why, WHY_LEN, "--vfs '%s': want a number from 0 to %d", p->vfs,
			CONF_MAX_VFS);
		return -1;
	}
	if (p->config != NULL)
		ret = conf_read(c, p->config, why, WHY_LEN);
	else
		ret = conf_default(c, (unsigned int)vfs, why, WHY_LEN);
	for (i = 0; ret == 0 && i < p->n_settings; i++)
		ret = apply(c, &p->settings[i], why);
	if (ret != 0)
		return ret;
	if (c->timing.scale != 1 && !conf_is_timed(c)) {
		snprintf(why, WHY_LEN, "--timing-scale: there is no --timing to scale");
		return -1;
	}
	return conf_check(c, why, WHY_LEN);
}

void
options_parse(struct options *o, int argc, char **argv)
{
	static const struct argp argp = {options, parse, "COMMAND ...", doc, NULL, NULL, NULL};
	static struct parser p;
	char why[WHY_LEN] = "";

	p.o = o;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &p);
	if (o->cmd == CMD_CTL || o->cmd == CMD_TRACE || describe_nic(&p, why) == 0)
		return;
	fprintf(stderr, "nicemu: %s\n", why);
	conf_free(&o->conf);
	exit(2);
}
