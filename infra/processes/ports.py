"""Ports on loopback: finding free ones, and asking whether somebody listens."""

import contextlib
import random
import socket

LOOPBACK = "127.0.0.1"

# Below the range from which Linux gives ports to outgoing connections (from 32768). A client that keeps
# trying a server that is down may otherwise be given that very port as its own end: it then talks to itself,
# looks like a listening server, and the server cannot come back.
_CANDIDATES = range(20_000, 32_768)
_TRIES = 1_000

# Not the shared generator: a test that seeds it would make every test process pick the same ports.
_random = random.SystemRandom()


def free_port() -> int:
    """One TCP port that nobody listens on; OSError when none is found."""
    return free_ports(1)[0]


def free_ports(count: int) -> tuple[int, ...]:
    """`count` different TCP ports that nobody listens on; OSError when they are not found."""
    with contextlib.ExitStack() as held:  # all held until the last is found, so that they differ
        return tuple(_hold_one(held) for _ in range(count))


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` now."""
    with contextlib.ExitStack() as held:
        return _hold(port, held)


def is_listening(port: int) -> bool:
    """Whether somebody accepts TCP connections on `port`."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def _hold_one(held: contextlib.ExitStack) -> int:
    for _ in range(_TRIES):
        port = _random.choice(_CANDIDATES)
        if _hold(port, held):
            return port
    raise OSError(f"no free port on {LOOPBACK} between {_CANDIDATES[0]} and {_CANDIDATES[-1]}: see `ss -lnt`")


def _hold(port: int, held: contextlib.ExitStack) -> bool:
    holder = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    # As the servers do, so that connections of a former server that linger in TIME_WAIT do not count.
    # Listening as well: two sockets that are only bound may share a port under this option.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holder.bind((LOOPBACK, port))
        holder.listen()
    except OSError:
        return False
    return True
