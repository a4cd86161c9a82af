"""Addresses for servers of tests: each its own, so that no two ever compete for a port."""

import itertools
import os
import socket
from typing import NamedTuple

_serial = itertools.count()


class Endpoint(NamedTuple):
    """An address and a port, written as a configuration file wants it: `127.3.7.1:15300`."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def new_endpoint(port: int) -> Endpoint:
    """Give a loopback address on which nobody listens at `port`, over UDP and TCP.

    The address holds this process's number, so test processes that run side by side never meet; ports stay below
    the range from which the kernel takes ports for outgoing packets.
    """
    process = os.getpid()
    network = f"127.{1 + (process >> 8) % 254}.{process % 256}"
    for serial in itertools.islice(_serial, 254):
        endpoint = Endpoint(f"{network}.{1 + serial % 254}", port)
        if _is_free(endpoint):
            return endpoint
    raise RuntimeError(
        f"every address of {network}.0/24 has a listener at port {port}: is a fixture not stopping its servers?"
    )


def _is_free(endpoint: Endpoint) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as datagram, socket.socket() as stream:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            datagram.bind(endpoint)
            stream.bind(endpoint)
        except OSError:
            return False
    return True
