"""Threads of one process that do not hold each other up."""

import subprocess
import sys


def test_a_product_takes_one_thread_and_turns_are_short_once_a_role_has_its_ground() -> None:
    """In a process of its own, as it is for all of it."""
    seen = (
        "import asyncio, sys, tempfile, threadpoolctl\n"
        "import infra.compose  # with all that a role computes with\n"
        "from pathlib import Path\n"
        "from infra.ground import open_ground\n"
        "from infra.settings import Settings\n"
        "async def look():\n"
        "    async with open_ground(Settings(data_dir=Path(tempfile.mkdtemp()))):\n"
        "        pass\n"
        "asyncio.run(look())\n"
        "blas = {one['num_threads'] for one in threadpoolctl.threadpool_info() if one['user_api'] == 'blas'}\n"
        "print(blas, sys.getswitchinterval())\n"
    )
    told = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True, timeout=120).stdout
    assert told.split() == ["{1}", "0.0005"]
