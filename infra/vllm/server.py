"""A real vLLM server as a child process, on this machine's CPU, with a model that knows nothing: for tests alone.

    python -m infra.vllm.server [DIRECTORY]     one to try things on; prints ATTUNE_LLM_URL=..., Ctrl-C ends it

Two cores, vLLM 0.32.0: healthy after 30 to 50 s, 1.7 GB of memory. SIGTERM with requests in flight may hang until
their clients leave (a 500, a 200 with finish_reason `abort`, or no answer at all): `kill` is the sure end.
"""

import http.client
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from infra.processes.ports import LOOPBACK, free_port
from infra.processes.process import ChildProcess, Launch, ProcessError
from infra.vllm.tiny_model import CONTEXT, write_tiny_model

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".vllm" / "env"
"""Apart from Attune's own: vLLM needs a click that Faust does not go with."""

MODEL = "tiny"
"""The name it is served under."""

_CURE = "It needs x86-64 with AVX2, libnuma.so.1 (apt-get install libnuma1) and 2 GB of free memory."

_LONGEST_SOCKET_FOLDER = 68

_OPTIONS = {
    "served-model-name": MODEL,
    "load-format": "dummy",
    "dtype": "float32",
    "host": LOOPBACK,
    "max-model-len": str(CONTEXT),
    "max-num-seqs": "16",
    "kv-cache-memory-bytes": "128M",
    "structured-outputs-config.backend": "guidance",
    "structured-outputs-config.disable_any_whitespace": "true",
    "scheduling-policy": "priority",
}
_FLAGS = ("--enforce-eager", "--disable-uvicorn-access-log")

_ENV = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_CPU_CI_ENV": "1",
    # The model runs inside the engine process instead of a worker of its own: on a small machine the two spin and
    # starve everything else (a client's 20 ms timer fired 2.7 s late; 0.08 s with this).
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "OMP_NUM_THREADS": "1",
    # The default 5 s closes connections that a client is about to use.
    "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "75",
}


class VllmServer(ChildProcess):
    """One server with its model, cache and log in its own folder; made by `VllmServer.start`."""

    def __init__(self, launch: Launch, port: int) -> None:
        super().__init__(launch)
        self.port = port
        """Where clients connect, on loopback."""

    @classmethod
    def start(
        cls,
        directory: Path,
        port: int | None = None,
        *,
        options: Mapping[str, str] | None = None,
        environment: Path = ENVIRONMENT,
    ) -> Self:
        """A healthy server on `port` (None: a free one). `options` go over the server's own, named as vLLM's command
        line names them, without the dashes. Raises ProcessError with the cure when it is not installed or not healthy
        within four minutes."""
        python = environment / "bin" / "python"
        if not python.exists():
            raise ProcessError(f"vLLM is not installed in {environment}: `make test-vllm` installs it (5 GB, once)")
        directory = directory.absolute()
        port = free_port() if port is None else port
        chosen = {"model": str(write_tiny_model(directory / "model")), "port": str(port), **_OPTIONS, **(options or {})}
        launch = Launch(
            name="vllm",
            command=(
                str(python),
                *("-W", "ignore::DeprecationWarning", "-m", "vllm.entrypoints.openai.api_server"),
                *(word for key, value in chosen.items() for word in (f"--{key}", value)),
                *_FLAGS,
            ),
            directory=directory,
            cure=_CURE,
            port=port,
            ready=lambda: _is_healthy(port),
            ready_seconds=240.0,
            env={**_ENV, "VLLM_CACHE_ROOT": str(directory / "cache"), **_sockets(directory)},
        )
        return cls(launch, port).begin()

    @property
    def url(self) -> str:
        """The value of ATTUNE_LLM_URL."""
        return f"http://{LOOPBACK}:{self.port}/v1"


def _sockets(directory: Path) -> dict[str, str]:
    """vLLM leaves four socket files a start in the temporary folder: in the server's own, then, emptied here, unless
    its path is so long that a socket's (108 characters at most) would not fit."""
    folder = directory / "tmp"
    if len(str(folder)) > _LONGEST_SOCKET_FOLDER:
        return {}
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return {"TMPDIR": str(folder)}


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> None:
    """Serves until Ctrl-C."""
    directory = Path(sys.argv[1] if len(sys.argv) > 1 else ENVIRONMENT.parent / "by-hand")
    with VllmServer.start(directory) as server:
        print(f"ATTUNE_LLM_URL={server.url}", flush=True)
        try:
            while not server.wait(3600):
                pass
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
