/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The Holdfast authors
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_byteorder.h>
#include <rte_common.h>
#include <rte_ether.h>

#include "hf_config.h"
#include "hf_dev.h"

/* Back end's message VHOST_USER_BACKEND_CONFIG_CHANGE_MSG: no payload, and no answer is asked. */
#define CONFIG_MSG_CHANGE 2
#define CONFIG_MSG_VERSION 1
struct config_msg {
	uint32_t request, flags, size;
};

#define CONFIG_DUPLEX_FULL 1
#define CONFIG_DUPLEX_UNKNOWN 0xff

/* --- what the NIC says --- */

/* Mb/s of one lane, by ibv_port_attr.active_speed (InfiniBand's bits; Ethernet is told in them). */
static const struct {
	uint8_t bit;
	uint32_t mbps;
} config_lanes[] = {
	{1, 2500},
	{2, 5000},
	{4, 10000},
	{8, 10000},
	{16, 14000},
	{32, 25000},
	{64, 50000},
	{128, 100000},
};

/* And how many of them, by active_width. */
static const struct {
	uint8_t bit;
	uint8_t lanes;
} config_widths[] = {{1, 1}, {2, 4}, {4, 8}, {8, 12}, {16, 2}};

static uint32_t
config_speed(const struct ibv_port_attr *port)
{
	uint32_t mbps = 0, lanes = 0;
	unsigned int i;

	for (i = 0; i < RTE_DIM(config_lanes); i++)
		if (config_lanes[i].bit == port->active_speed)
			mbps = config_lanes[i].mbps;
	for (i = 0; i < RTE_DIM(config_widths); i++)
		if (config_widths[i].bit == port->active_width)
			lanes = config_widths[i].lanes;
	return mbps * lanes != 0 ? mbps * lanes : HF_CONFIG_NO_SPEED;
}

/* With lock: something has changed. A front end whose channel is full of this has it to read. */
static void
config_changed(struct hf_dev *dev)
{
	const struct config_msg msg = {.request = CONFIG_MSG_CHANGE, .flags = CONFIG_MSG_VERSION};
	struct hf_config *c = &dev->config;

	c->now.generation++;
	if (!c->listens || c->channel < 0)
		return;
	if (send(c->channel, &msg, sizeof(msg), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(msg) &&
		errno != EAGAIN)
		HF_LOG(NOTICE,
			"%s: the front end cannot be told that the configuration changed: %s",
			dev->name, strerror(errno));
}

static void
config_link_set(struct hf_dev *dev, bool up, uint32_t speed)
{
	struct hf_config *c = &dev->config;

	pthread_mutex_lock(&c->lock);
	if (up != c->now.up || speed != c->now.speed) {
		c->now.up = up;
		c->now.speed = speed;
		config_changed(dev);
	}
	pthread_mutex_unlock(&c->lock);
}

void
hf_config_link(struct hf_dev *dev)
{
	struct ibv_port_attr port;

	/* A dead NIC has no link. */
	if (ibv_query_port(hf_devx_ibv(dev->devx), 1, &port) == 0 && port.state == IBV_PORT_ACTIVE)
		config_link_set(dev, true, config_speed(&port));
	else
		config_link_set(dev, false, HF_CONFIG_NO_SPEED);
}

static const uint8_t *
config_mac(const struct hf_dev *dev, const struct hf_devx_vport *port)
{
	return rte_is_zero_ether_addr(&dev->args.mac) ? port->mac : dev->args.mac.addr_bytes;
}

/* The argument is a bound of ours, the port's one of the NIC. */
static uint16_t
config_mtu(const struct hf_dev *dev, const struct hf_devx_vport *port)
{
	if (dev->args.mtu == 0)
		return port->mtu;
	return port->mtu != 0 ? RTE_MIN(dev->args.mtu, port->mtu) : dev->args.mtu;
}

int
hf_config_refresh(struct hf_dev *dev)
{
	struct hf_config *c = &dev->config;
	struct hf_devx_vport port;
	const uint8_t *mac;
	uint16_t mtu;
	int ret;

	ret = hf_devx_vport_query(dev->devx, &port);
	if (ret != 0)
		return ret;
	mac = config_mac(dev, &port);
	mtu = config_mtu(dev, &port);
	pthread_mutex_lock(&c->lock);
	c->now.port = port;
	if (mtu != c->now.mtu || memcmp(mac, c->now.mac, sizeof(c->now.mac)) != 0) {
		c->now.mtu = mtu;
		memcpy(c->now.mac, mac, sizeof(c->now.mac));
		config_changed(dev);
	}
	pthread_mutex_unlock(&c->lock);
	return 0;
}

/* What the arguments ask for, beside what the vport has. */
static int
config_check(const struct hf_dev *dev)
{
	const struct hf_config_now *now = &dev->config.now;
	const struct hf_devx_vport *port = &now->port;
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	if (port->mtu != 0 && dev->args.mtu > port->mtu) {
		HF_LOG(ERR,
			"%s: argument mtu=%u: the port's is %u: raise that on the host, or ask for less",
			dev->name, dev->args.mtu, port->mtu);
		return -EINVAL;
	}
	if (memcmp(now->mac, port->mac, sizeof(port->mac)) != 0) {
		rte_ether_format_addr(mac, sizeof(mac), (const struct rte_ether_addr *)port->mac);
		HF_LOG(NOTICE,
			"%s: argument mac: the vport's address is %s: frames to the other one arrive"
			" if the host's e-switch leads them here",
			dev->name, mac);
	}
	return 0;
}

int
hf_config_init(struct hf_dev *dev)
{
	struct hf_config *c = &dev->config;
	int ret;

	*c = (struct hf_config){.now.speed = HF_CONFIG_NO_SPEED, .channel = -1};
	ret = pthread_mutex_init(&c->lock, NULL);
	if (ret != 0)
		return -ret;
	ret = hf_config_refresh(dev);
	if (ret == 0)
		ret = config_check(dev);
	if (ret != 0) {
		pthread_mutex_destroy(&c->lock);
		return ret;
	}
	hf_config_link(dev);
	return 0;
}

void
hf_config_fini(struct hf_dev *dev)
{
	hf_config_channel(dev, -1);
	pthread_mutex_destroy(&dev->config.lock);
}

struct hf_config_now
hf_config_get(struct hf_dev *dev)
{
	struct hf_config_now now;

	pthread_mutex_lock(&dev->config.lock);
	now = dev->config.now;
	pthread_mutex_unlock(&dev->config.lock);
	return now;
}

/* --- what the guest reads and writes --- */

static uint16_t
config_16(uint16_t v, bool big_endian)
{
	return big_endian ? rte_cpu_to_be_16(v) : rte_cpu_to_le_16(v);
}

static uint32_t
config_32(uint32_t v, bool big_endian)
{
	return big_endian ? rte_cpu_to_be_32(v) : rte_cpu_to_le_32(v);
}

/* All of it. Of what belongs to features that are never offered (RSS), nothing. */
static void
config_image(struct hf_dev *dev, bool big_endian, uint8_t image[HF_CONFIG_MAX])
{
	const struct hf_config_now c = hf_config_get(dev);
	struct virtio_net_config net = {0};

	memcpy(net.mac, c.mac, sizeof(net.mac));
	net.status = config_16(c.up ? VIRTIO_NET_S_LINK_UP : 0, big_endian);
	net.max_virtqueue_pairs = config_16(dev->max_vqs / 2, big_endian);
	net.mtu = config_16(c.mtu, big_endian);
	net.speed = config_32(c.speed, big_endian);
	net.duplex = c.up ? CONFIG_DUPLEX_FULL : CONFIG_DUPLEX_UNKNOWN;
	memset(image, 0, HF_CONFIG_MAX);
	memcpy(image, &net, sizeof(net));
}

static int
config_bounds(const struct hf_dev *dev, uint32_t offset, uint32_t size)
{
	if (offset <= HF_CONFIG_MAX && size <= HF_CONFIG_MAX - offset)
		return 0;
	HF_LOG(ERR,
		"%s: the front end asks for %" PRIu32
		" bytes of the configuration space from %" PRIu32
		" on, more than the %u that the protocol has",
		dev->name, size, offset, HF_CONFIG_MAX);
	return -EINVAL;
}

int
hf_config_read(struct hf_dev *dev, uint32_t offset, uint32_t size, bool big_endian, uint8_t *to)
{
	uint8_t image[HF_CONFIG_MAX];

	if (config_bounds(dev, offset, size) != 0)
		return -EINVAL;
	config_image(dev, big_endian, image);
	memcpy(to, &image[offset], size);
	return 0;
}

static bool
config_tell_once(struct hf_config *c)
{
	bool told;

	pthread_mutex_lock(&c->lock);
	told = c->refusal_told;
	c->refusal_told = true;
	pthread_mutex_unlock(&c->lock);
	return !told;
}

int
hf_config_write(
	struct hf_dev *dev, uint32_t offset, uint32_t size, bool big_endian, const uint8_t *from)
{
	uint8_t image[HF_CONFIG_MAX];

	if (config_bounds(dev, offset, size) != 0)
		return -EINVAL;
	config_image(dev, big_endian, image);
	if (memcmp(&image[offset], from, size) == 0)
		return 0;
	if (config_tell_once(&dev->config))
		HF_LOG(ERR,
			"%s: the guest writes %" PRIu32
			" bytes of its configuration space from %" PRIu32
			" on: nothing there can be changed, the MAC (bytes 0 to 5) by the"
			" host alone",
			dev->name, size, offset);
	return -EOPNOTSUPP;
}

/* --- who is told of changes --- */

void
hf_config_listen(struct hf_dev *dev, bool wants)
{
	struct hf_config *c = &dev->config;

	pthread_mutex_lock(&c->lock);
	c->listens = wants;
	c->refusal_told = false;
	pthread_mutex_unlock(&c->lock);
}

void
hf_config_channel(struct hf_dev *dev, int fd)
{
	struct hf_config *c = &dev->config;
	int old, channel = -1;

	if (fd >= 0)
		channel = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	pthread_mutex_lock(&c->lock);
	old = c->channel;
	c->channel = channel;
	pthread_mutex_unlock(&c->lock);
	if (old >= 0)
		close(old);
}
