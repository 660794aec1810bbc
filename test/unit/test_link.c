/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 *
 * Links between NICs: who comes first, who comes later, who goes, and who is no NIC at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>

#include "nic.h"
#include "test.h"
#include "wire/link_int.h"

#define ENDS 4
#define FRAME 100u
#define WAIT_MS 20000

static char dir[] = "/tmp/test-link-XXXXXX";
static char path[sizeof(dir) + 8], spec[sizeof(path) + 8];
static struct nic nics[ENDS];
static struct wire *wires[ENDS];
static _Atomic unsigned int changes[ENDS]; /* of the carrier */

static void
on_carrier(struct nic *nic)
{
	changes[nic - nics]++;
}

static int
setup(void)
{
	strcpy(dir, "/tmp/test-link-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -errno;
	snprintf(path, sizeof(path), "%s/link", dir);
	snprintf(spec, sizeof(spec), "link:%s", path);
	return 0;
}

static void
plug_out(unsigned int i)
{
	if (wires[i] != NULL)
		wire_close(wires[i]);
	wires[i] = NULL;
}

static void
teardown(void)
{
	unsigned int i;
	char left[sizeof(path) + 8];

	for (i = 0; i < ENDS; i++)
		plug_out(i);
	unlink(path);
	snprintf(left, sizeof(left), "%s.lock", path);
	unlink(left);
	rmdir(dir);
}

static int
plug_in(unsigned int i)
{
	nics[i].carrier = true;
	nics[i].carrier_changed = on_carrier;
	changes[i] = 0;
	return wire_open(&nics[i], spec, &wires[i]);
}

static bool
carrier_is(unsigned int i, bool up)
{
	int ms;

	for (ms = 0; ms < WAIT_MS && atomic_load(&nics[i].carrier) != up; ms++)
		usleep(1000);
	return atomic_load(&nics[i].carrier) == up;
}

/* So many others are at this end. */
static bool
others_are(unsigned int i, unsigned int n)
{
	struct link *l = wires[i]->link;
	unsigned int now = UINT32_MAX;
	int ms;

	for (ms = 0; ms < WAIT_MS && now != n; ms++) {
		usleep(1000);
		pthread_mutex_lock(&l->tx_lock);
		now = l->n_up;
		pthread_mutex_unlock(&l->tx_lock);
	}
	return now == n;
}

static const uint8_t broadcast[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/* A frame of two segments from an address of that number. */
static int
send_frame(unsigned int i, const uint8_t *dst, uint8_t src, uint8_t fill)
{
	uint8_t frame[FRAME];
	struct iovec seg[2] = {{.iov_base = frame, .iov_len = 20},
		{.iov_base = frame + 20, .iov_len = FRAME - 20}};

	memset(frame, fill, sizeof(frame));
	memcpy(frame, dst, ETHER_ADDR_LEN);
	memset(frame + ETHER_ADDR_LEN, 0x10, ETHER_ADDR_LEN);
	frame[2 * ETHER_ADDR_LEN - 1] = src;
	return wire_ops(wires[i])->tx(wires[i], seg, 2);
}

/* What arrives here: 'fill' of the frame, or -1: nothing does. */
static int
take_frame(unsigned int i, int wait_ms)
{
	static uint8_t buf[WIRE_MAX_FRAME];
	int len = 0, ms;

	for (ms = 0; len == 0 && ms <= wait_ms; ms++) {
		len = wire_ops(wires[i])->rx(wires[i], buf, sizeof(buf));
		if (len == 0 && wait_ms > 0)
			usleep(1000);
	}
	return len == FRAME ? buf[FRAME - 1] : -1;
}

static int
test_two(void)
{
	unsigned int i;

	TEST_ASSERT_EQUAL(plug_in(0), 0, "first end");
	TEST_ASSERT(carrier_is(0, false), "a link of one end has no carrier");
	TEST_ASSERT_EQUAL(send_frame(0, broadcast, 1, 1), -ENODEV, "and takes no frame");
	TEST_ASSERT_EQUAL(plug_in(1), 0, "second end");
	TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "two ends have a carrier");
	for (i = 0; i < 100; i++) {
		TEST_ASSERT_EQUAL(send_frame(0, broadcast, 1, (uint8_t)i), 0, "send %u", i);
		TEST_ASSERT_EQUAL(send_frame(1, broadcast, 2, (uint8_t)(i + 100)), 0, "send %u", i);
	}
	for (i = 0; i < 100; i++) {
		TEST_ASSERT_EQUAL(take_frame(1, 0), (int)i, "frame %u", i);
		TEST_ASSERT_EQUAL(take_frame(0, 0), (int)i + 100, "frame %u", i);
	}
	TEST_ASSERT_EQUAL(take_frame(0, 0), -1, "no more");
	return TEST_SUCCESS;
}

/* Either end may go and come back, the owner too. */
static int
test_come_and_go(void)
{
	unsigned int i, gone;

	TEST_ASSERT_EQUAL(plug_in(0), 0, "first end");
	TEST_ASSERT_EQUAL(plug_in(1), 0, "second end");
	for (i = 0; i < 4; i++) {
		gone = i % 2;
		TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "round %u: up", i);
		plug_out(gone);
		TEST_ASSERT(carrier_is(!gone, false), "round %u: the other goes down", i);
		TEST_ASSERT(send_frame(!gone, broadcast, 1, 1) == -ENODEV, "round %u: no frame", i);
		TEST_ASSERT_EQUAL(plug_in(gone), 0, "round %u: back", i);
		TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "round %u: up again", i);
		TEST_ASSERT_EQUAL(
			send_frame(gone, broadcast, 1, (uint8_t)i), 0, "round %u: send", i);
		TEST_ASSERT_EQUAL(take_frame(!gone, WAIT_MS), (int)i, "round %u: frame", i);
	}
	return TEST_SUCCESS;
}

/* An engine that sleeps on the descriptor is woken by a frame. */
static int
test_wake(void)
{
	struct pollfd p = {.events = POLLIN};

	TEST_ASSERT(plug_in(0) == 0 && plug_in(1) == 0, "ends");
	TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "up");
	p.fd = wire_ops(wires[1])->fd(wires[1]);
	TEST_ASSERT(!wire_ops(wires[1])->arm(wires[1]), "nothing is there");
	TEST_ASSERT_EQUAL(poll(&p, 1, 0), 0, "so it sleeps");
	TEST_ASSERT_EQUAL(send_frame(0, broadcast, 1, 7), 0, "send");
	TEST_ASSERT_EQUAL(poll(&p, 1, WAIT_MS), 1, "and is woken");
	TEST_ASSERT_EQUAL(take_frame(1, 0), 7, "by the frame");
	TEST_ASSERT_EQUAL(poll(&p, 1, 0), 0, "which leaves nothing behind");
	TEST_ASSERT_EQUAL(send_frame(0, broadcast, 1, 8), 0, "send");
	TEST_ASSERT(wire_ops(wires[1])->arm(wires[1]), "with a frame there it may not sleep");
	return TEST_SUCCESS;
}

/* More than two: the owner is a switch. */
static int
test_switch(void)
{
	unsigned int i;

	for (i = 0; i < ENDS; i++) {
		TEST_ASSERT_EQUAL(plug_in(i), 0, "end %u", i);
		TEST_ASSERT(others_are(0, i), "end %u is not there", i);
	}
	for (i = 1; i < ENDS; i++)
		TEST_ASSERT(carrier_is(i, true), "end %u is up", i);
	/* a broadcast comes to all others, once, and teaches the switch where it came from */
	TEST_ASSERT_EQUAL(send_frame(1, broadcast, 1, 21), 0, "broadcast");
	TEST_ASSERT_EQUAL(take_frame(0, 0), 21, "owner");
	TEST_ASSERT(take_frame(2, WAIT_MS) == 21 && take_frame(3, WAIT_MS) == 21, "others");
	TEST_ASSERT(take_frame(1, 0) == -1 && take_frame(2, 0) == -1, "no copy");
	TEST_ASSERT_EQUAL(send_frame(0, broadcast, 9, 22), 0, "broadcast of the owner");
	for (i = 1; i < ENDS; i++)
		TEST_ASSERT_EQUAL(take_frame(i, WAIT_MS), 22, "end %u", i);
	return TEST_SUCCESS;
}

/* Known addresses are not for everybody, and are forgotten with who had them. */
static int
test_learning(void)
{
	static const uint8_t two[] = {0x10, 0x10, 0x10, 0x10, 0x10, 2},
			     own[] = {0x10, 0x10, 0x10, 0x10, 0x10, 9};
	unsigned int i;

	for (i = 0; i < ENDS; i++) {
		TEST_ASSERT_EQUAL(plug_in(i), 0, "end %u", i);
		TEST_ASSERT(others_are(0, i), "end %u is not there", i);
	}
	TEST_ASSERT(carrier_is(1, true) && carrier_is(2, true) && carrier_is(3, true), "up");
	TEST_ASSERT_EQUAL(send_frame(2, broadcast, 2, 30), 0, "end 2 tells its address");
	TEST_ASSERT_EQUAL(send_frame(0, broadcast, 9, 31), 0, "and the owner");
	TEST_ASSERT(take_frame(0, WAIT_MS) == 30 && take_frame(1, WAIT_MS) != -1 &&
			take_frame(1, WAIT_MS) != -1 && take_frame(3, WAIT_MS) != -1 &&
			take_frame(3, WAIT_MS) != -1 && take_frame(2, WAIT_MS) == 31,
		"broadcasts");
	TEST_ASSERT_EQUAL(send_frame(1, two, 1, 40), 0, "to end 2");
	TEST_ASSERT_EQUAL(take_frame(0, 0), -1, "not for the owner, who passes it on");
	TEST_ASSERT_EQUAL(take_frame(2, WAIT_MS), 40, "end 2");
	TEST_ASSERT_EQUAL(take_frame(3, 0), -1, "end 3");
	TEST_ASSERT_EQUAL(send_frame(0, two, 9, 41), 0, "from the owner");
	TEST_ASSERT(take_frame(2, WAIT_MS) == 41 && take_frame(3, 0) == -1, "end 2 alone");
	TEST_ASSERT_EQUAL(send_frame(3, own, 3, 42), 0, "to the owner");
	TEST_ASSERT(take_frame(0, WAIT_MS) == 42 && take_frame(1, 0) == -1, "the owner alone");
	plug_out(2);
	TEST_ASSERT(others_are(0, ENDS - 2), "end 2 is gone");
	TEST_ASSERT_EQUAL(send_frame(1, two, 1, 43), 0, "to an address that is gone");
	TEST_ASSERT(take_frame(0, WAIT_MS) == 43 && take_frame(3, WAIT_MS) == 43, "goes to all");
	TEST_ASSERT_EQUAL(plug_in(2), 0, "another end in its place");
	TEST_ASSERT(others_are(0, ENDS - 1) && carrier_is(2, true), "is there");
	TEST_ASSERT_EQUAL(send_frame(1, two, 1, 44), 0, "to the same address");
	TEST_ASSERT(
		take_frame(0, WAIT_MS) == 44 && take_frame(3, WAIT_MS) == 44, "still goes to all");
	return TEST_SUCCESS;
}

/* The owner goes: the others make a new link. */
static int
test_owner_goes(void)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		TEST_ASSERT_EQUAL(plug_in(i), 0, "end %u", i);
		TEST_ASSERT(others_are(0, i), "end %u is not there", i);
	}
	plug_out(0);
	TEST_ASSERT(others_are(1, 1) && others_are(2, 1), "the two others meet");
	TEST_ASSERT_EQUAL(send_frame(1, broadcast, 1, 50), 0, "send");
	TEST_ASSERT_EQUAL(take_frame(2, WAIT_MS), 50, "frame");
	return TEST_SUCCESS;
}

/* ---- who is no NIC ---- */

static struct sockaddr_un
socket_addr(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	return addr;
}

static int
stranger_connects(void)
{
	struct sockaddr_un addr = socket_addr();
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Strangers who say nonsense, or nothing, keep nobody out. */
static int
test_strangers_join(void)
{
	char hello[64], junk[300] = "GET / HTTP/1.1";
	int mute, loud, gone;

	TEST_ASSERT_EQUAL(plug_in(0), 0, "owner");
	mute = stranger_connects();
	loud = stranger_connects();
	gone = stranger_connects();
	TEST_ASSERT(mute >= 0 && loud >= 0 && gone >= 0, "strangers");
	close(gone);
	TEST_ASSERT(recv(loud, hello, sizeof(hello), 0) > 0, "the owner says hello");
	TEST_ASSERT(send(loud, junk, sizeof(junk), MSG_NOSIGNAL) > 0, "nonsense");
	TEST_ASSERT_EQUAL(recv(loud, hello, sizeof(hello), 0), 0, "is cut off");
	close(loud);
	TEST_ASSERT_EQUAL(plug_in(1), 0, "a NIC");
	TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "is welcome");
	TEST_ASSERT_EQUAL(send_frame(0, broadcast, 1, 60), 0, "send");
	TEST_ASSERT_EQUAL(take_frame(1, WAIT_MS), 60, "frame");
	close(mute);
	return TEST_SUCCESS;
}

/* What a false owner may hand over: nothing, or memory that it can cut short. */
enum gift { NO_MEMORY, UNSEALED, SHORT, PIPE, GIFTS };

static int
make_gift(enum gift gift)
{
	int fds[2], fd;

	if (gift == NO_MEMORY)
		return -1;
	if (gift == PIPE) {
		if (pipe(fds) != 0)
			return -1;
		close(fds[0]);
		return fds[1];
	}
	fd = memfd_create("gift", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ftruncate(fd, sizeof(struct link_shm) - (gift == SHORT ? 4096 : 0)) != 0)
		return -1;
	if (gift == SHORT)
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	return fd;
}

static int
give(int sock, const void *hello, size_t len, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} ctl = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)hello, .iov_len = len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = &ctl;
		msg.msg_controllen = sizeof(ctl.room);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(sock, &msg, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -errno;
}

/* The word that a NIC says, as a stranger can learn it. */
static int
learn_hello(void *hello, size_t room)
{
	ssize_t n;
	int fd;

	if (plug_in(0) != 0)
		return -1;
	fd = stranger_connects();
	n = fd < 0 ? -1 : recv(fd, hello, room, 0);
	close(fd);
	plug_out(0);
	return (int)n;
}

static int
test_false_owner(void)
{
	struct sockaddr_un addr;
	char hello[64], byte, lock[sizeof(path) + 8];
	int len = learn_hello(hello, sizeof(hello)), listener, sock, fd, lock_fd;
	enum gift gift;

	TEST_ASSERT(len > 0, "no hello");
	addr = socket_addr();
	snprintf(lock, sizeof(lock), "%s.lock", path);
	lock_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	TEST_ASSERT_EQUAL(flock(lock_fd, LOCK_EX), 0, "lock");
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	TEST_ASSERT(bind(listener, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
			listen(listener, 4) == 0,
		"listen");
	TEST_ASSERT_EQUAL(plug_in(1), 0, "a NIC");
	for (gift = 0; gift < GIFTS; gift++) {
		sock = accept(listener, NULL, NULL);
		fd = make_gift(gift);
		TEST_ASSERT_EQUAL(give(sock, hello, (size_t)len, fd), 0, "gift %d", gift);
		TEST_ASSERT_EQUAL(recv(sock, &byte, 1, 0), 0, "gift %d is not refused", gift);
		TEST_ASSERT(!atomic_load(&nics[1].carrier), "gift %d: a carrier", gift);
		close(sock);
		if (fd >= 0)
			close(fd);
	}
	close(listener);
	unlink(path);
	close(lock_fd);
	TEST_ASSERT_EQUAL(plug_in(0), 0, "a true NIC");
	TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "they meet");
	return TEST_SUCCESS;
}

/* A peer that writes nonsense to the shared memory is cut off, and may try again. */
static int
test_mad_peer(void)
{
	unsigned int before;
	int ms;

	TEST_ASSERT(plug_in(0) == 0 && plug_in(1) == 0, "ends");
	TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "up");
	before = atomic_load(&changes[0]);
	atomic_store(&wires[1]->link->peer[0].tx.ring->tail, UINT64_MAX);
	TEST_ASSERT_EQUAL(take_frame(0, 0), -1, "nonsense is no frame");
	for (ms = 0; ms < WAIT_MS && atomic_load(&changes[0]) < before + 2; ms++)
		usleep(1000);
	TEST_ASSERT_EQUAL(atomic_load(&changes[0]), before + 2, "cut off, and back");
	TEST_ASSERT(carrier_is(0, true) && carrier_is(1, true), "they meet again");
	TEST_ASSERT_EQUAL(send_frame(1, broadcast, 1, 70), 0, "send");
	TEST_ASSERT_EQUAL(take_frame(0, WAIT_MS), 70, "frame");
	return TEST_SUCCESS;
}

/* What is at the path and no socket stays. */
static int
test_foreign_file(void)
{
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	close(fd);
	TEST_ASSERT_EQUAL(plug_in(0), -EADDRINUSE, "a file is in the way");
	TEST_ASSERT_EQUAL(access(path, F_OK), 0, "and stays");
	return TEST_SUCCESS;
}

static int
test_link(void)
{
	static const struct unit_test_suite suite = {
		.suite_name = "links between NICs",
		.unit_test_cases = {TEST_CASE_ST(setup, teardown, test_two),
			TEST_CASE_ST(setup, teardown, test_come_and_go),
			TEST_CASE_ST(setup, teardown, test_wake),
			TEST_CASE_ST(setup, teardown, test_switch),
			TEST_CASE_ST(setup, teardown, test_learning),
			TEST_CASE_ST(setup, teardown, test_owner_goes),
			TEST_CASE_ST(setup, teardown, test_strangers_join),
			TEST_CASE_ST(setup, teardown, test_false_owner),
			TEST_CASE_ST(setup, teardown, test_mad_peer),
			TEST_CASE_ST(setup, teardown, test_foreign_file), TEST_CASES_END()},
	};

	return unit_test_suite_runner(&suite);
}

REGISTER_TEST_COMMAND(link_autotest, test_link);
