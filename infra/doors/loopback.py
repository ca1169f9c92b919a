"""What is this machine and no other."""

import ipaddress
import re

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z.-]+)(:[0-9]*)?")


def is_loopback(host: str | None) -> bool:
    """Of a name or an address, without a port. A name counts as what it says, whatever it may lead to."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def asks_for_loopback(host: str) -> bool:
    """Of the header Host. What cannot be read leads elsewhere: a framework would take the server's own name instead."""
    found = _HOST.fullmatch(host.lower())
    return found is not None and is_loopback(found[1].strip("[]"))
