"""A guard that ends a process group when the process that started it is gone, however it went."""

import subprocess

# Waits for the end of its stdin. The other end is held by our process alone, and the kernel closes it when
# that ends, after SIGKILL too. (PR_SET_PDEATHSIG would not do: it fires when the starting *thread* ends,
# reaches one process and not its group, and needs Python code between fork and exec.)
_SCRIPT = 'read -r _; kill -s KILL -- "-$1"'


class Guard:
    """Kills the process group `group` when this process ends without having called `dismiss`."""

    def __init__(self, group: int) -> None:
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", _SCRIPT, "attune-guard", str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",  # no temp folder is kept busy by it
            start_new_session=True,  # a Ctrl-C in the terminal is not for it
        )

    def dismiss(self) -> None:
        """Ends the guard and leaves the group alone. To be called before the group's leader is reaped."""
        self._shell.kill()
        self._shell.communicate()
