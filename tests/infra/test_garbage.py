"""A full collection goes through what came after the start, and not through all that is loaded."""

import subprocess
import sys


def test_what_is_loaded_is_passed_over() -> None:
    """In a process of its own, as it is for all of it."""
    seen = (
        "import gc\n"
        "import infra.compose\n"
        "from infra.garbage import spare_what_is_loaded\n"
        "before = len(gc.get_objects())\n"
        "spare_what_is_loaded()\n"
        "print(before > 100_000, len(gc.get_objects()) < before / 100)\n"
    )
    told = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True, timeout=120).stdout
    assert told.split() == ["True", "True"]
