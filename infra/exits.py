"""What a process of Attune ends with: the one table of exit codes, for whoever starts it again.

| code | meaning | start it again? |
|---|---|---|
| 0 | done; a role: stopped as asked, and what was in hand is durable | no |
| 1 | a command could not do what it was asked for; a role: a fault of this program (with its traceback) | yes |
| 2 | wrong usage; a role: something is set up wrongly, and the message names it and the cure | in vain, until mended |
| 3 | a role: a server did not answer in the middle of its start | yes |
| 4 | a role can no longer do its work: thrown out of its group, no progress, its store lost what it had | yes |
| 5 | a role was ended by force: it stood still, or had not ended by its deadline; its log says where | yes |
| 130 | Ctrl-C (a role: twice) | no |

The roles are `attune up`, `attune gateway` and `attune worker`. Whatever the code, nothing is lost: what was not
committed is delivered again (`streams.contract`).
"""

from enum import IntEnum

from workers.errors import ConfigurationError, FatalRunnerError, Unavailable


class Exit(IntEnum):
    DONE = 0
    FAILED = 1
    CONFIGURATION = 2
    UNAVAILABLE = 3
    FATAL = 4
    FORCED = 5
    INTERRUPTED = 130
    """128 + SIGINT, as shells have it."""


def exit_of(error: BaseException) -> Exit:
    """The code of a role that was ended by this error."""
    match error:
        case ConfigurationError():
            return Exit.CONFIGURATION
        case Unavailable():
            return Exit.UNAVAILABLE
        case FatalRunnerError():
            return Exit.FATAL
    return Exit.FAILED
