"""Faults on the real parts: processes, sockets, disks. `python -m tests.chaos --help` is the long form."""
