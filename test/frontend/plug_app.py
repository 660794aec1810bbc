# SPDX-License-Identifier: BSD-3-Clause
# Copyright(c) 2026 The Holdfast authors
"""An application of librte_vhost that plugs devices in and out while it runs, which dpdk-vdpa cannot.

usage: plug_app.py EAL-ARGUMENT...

Each line of its input is an order, each answer is "NAME: NUMBER", what DPDK's function returned:

  add BDF ARGS        rte_eal_hotplug_add()
  remove BDF          rte_eal_hotplug_remove()
  bind BDF SOCKET     rte_vhost_driver_register(), _attach_vdpa_device(), _start(); the first that fails
  free SOCKET         rte_vhost_driver_unregister()
  quit                rte_eal_cleanup()
"""

import ctypes
import sys

ABI = "23"
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
eal = ctypes.CDLL(f"librte_eal.so.{ABI}", ctypes.RTLD_GLOBAL)
vhost = ctypes.CDLL(f"librte_vhost.so.{ABI}", ctypes.RTLD_GLOBAL)
vhost.rte_vdpa_find_device_by_name.restype = ctypes.c_void_p
vhost.rte_vhost_driver_attach_vdpa_device.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
vhost.rte_vhost_driver_register.argtypes = [ctypes.c_char_p, ctypes.c_uint64]
nothing = CALLBACK(lambda vid: 0)
# struct rte_vhost_device_ops: new and destroy, then call-backs that nobody needs, and room for more.
ops = (ctypes.c_void_p * 8)(ctypes.cast(nothing, ctypes.c_void_p), ctypes.cast(nothing, ctypes.c_void_p))


def bind(bdf: bytes, sock: bytes) -> int:
    """Let front ends reach a device at a socket."""
    device = vhost.rte_vdpa_find_device_by_name(bdf)
    if not device:
        return -19
    return (vhost.rte_vhost_driver_register(sock, 0) or
            vhost.rte_vhost_driver_callback_register(sock, ctypes.byref(ops)) or
            vhost.rte_vhost_driver_attach_vdpa_device(sock, device) or vhost.rte_vhost_driver_start(sock))


ORDERS = {
    "add": lambda bdf, args: eal.rte_eal_hotplug_add(b"pci", bdf, args),
    "remove": lambda bdf: eal.rte_eal_hotplug_remove(b"pci", bdf),
    "bind": bind,
    "free": vhost.rte_vhost_driver_unregister,
    "quit": eal.rte_eal_cleanup,
}


def main() -> None:
    """Start EAL, then do as told."""
    argv = [arg.encode() for arg in ["plug_app", *sys.argv[1:]]]
    print("init:", eal.rte_eal_init(len(argv), (ctypes.c_char_p * (len(argv) + 1))(*argv)), flush=True)
    for line in sys.stdin:
        name, *args = line.split()
        print(f"{name}:", ORDERS[name](*(arg.encode() for arg in args)), flush=True)
        if name == "quit":
            break


if __name__ == "__main__":
    main()
