"""What is this machine and no other."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Of a name or an address, without a port. A name counts as what it says, whatever it may lead to."""
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"
