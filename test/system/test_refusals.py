# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""What cannot work together: a stock guest sees it in the offer, or is refused at once with the reason that a query gives."""

import re

import pytest
from bench import HOST
from hfrig import nic
from hfrig.datapaths import AUTO, HW, cases
from hfrig.process import ProcessError
from office import PROTOCOL_FEATURES, VERSION_1, Office, UBoot

VF = nic.vf_bdf(0)
OLD_NIC = {"virtio_version_1_0": 0}
RING_PACKED = 1 << 34
OLD_DRIVER = PROTOCOL_FEATURES      # that is all that QEMU sends for U-Boot's legacy driver
NEW_DRIVER = PROTOCOL_FEATURES | VERSION_1


def query(site: Office, features: int, *terms: str) -> dict:
    """What would become of a guest, as the driver says."""
    said = site.telemetry.ask("/holdfast/query", ",".join([VF, f"features={features:#x}", *terms]))
    return {**said, "text": "".join(said["text"])}      # which comes in pieces


@pytest.mark.parametrize("path, policy, age", cases(
    [(AUTO, "legacy=off", "legacy")],
    [(AUTO, "legacy=off", "legacy"), (AUTO, "legacy=off", "transitional"), (HW, "legacy=poll", "legacy")]))
def test_refused(stage, path, policy, age):
    """A legacy driver that the policy does not let in: QEMU loses its back end, with the reason in one line of the log, and
    goes on without. A machine with a modern device is served by the same socket."""
    site = Office(stage, path, policy)
    said = query(site, OLD_DRIVER)
    assert said["outcome"] == "refused"
    boot = UBoot(site, age)
    boot.vm.serial.write("virtio scan; dhcp")
    site.app.wait_log(rf"{VF}: message \w+ 0x\w+ refused, the connection is closed: {re.escape(said['text'])}$")
    boot.vm.process.expect("unable to start vhost net: .*: falling back on userspace virtio")
    boot.vm.serial.expect("BOOTP broadcast 2")
    assert "DHCPDISCOVER" not in site.server.process.text()
    assert site.app.nic.running(VF) == 0
    boot.vm.process.end()
    assert query(site, NEW_DRIVER)["outcome"] == "served"
    UBoot(site, "modern").dhcp()
    site.check_age(True)


def test_not_offered(stage):
    """A NIC whose queues lack VERSION_1: QEMU does not start with a modern device and says so, and starts with a transitional
    one, whose driver is then legacy."""
    site = Office(stage, HW, caps=OLD_NIC)
    assert query(site, NEW_DRIVER)["outcome"] == "not offered"
    with pytest.raises(ProcessError, match="Device doesn't support modern mode, and legacy mode is disabled"):
        UBoot(site, "modern")
    assert query(site, OLD_DRIVER)["outcome"] == "served"
    UBoot(site, "transitional").dhcp()
    site.check_age(False)


def test_left_to_poll_mode(stage):
    """legacy=poll: a legacy driver is poll mode's, although the NIC's queues could serve it."""
    site = Office(stage, AUTO, "legacy=poll")
    said = query(site, OLD_DRIVER)
    assert said["outcome"] == "served" and said["served_by"] == "poll"
    assert query(site, OLD_DRIVER, "legacy=auto")["served_by"] == "hw"
    UBoot(site, "legacy").dhcp()
    site.check_datapath(0, "poll")
    assert said["text"] in site.app.process.text()


@pytest.mark.long
def test_packed_not_offered(stage):
    """A NIC whose queues lack packed rings: a guest that could have them has split ones."""
    site = Office(stage, HW, caps={"packed": 0})
    assert query(site, NEW_DRIVER | RING_PACKED)["outcome"] == "not offered"
    site.boot("modern", options="packed=on").wait_up()
    site.vm.order("dhcp", r"dhcp (\S+)")
    assert site.vm.ping(HOST, 5) == 5
    assert "VIRTIO_F_RING_PACKED" not in site.vm.negotiated()
    site.check_age(True, None)
