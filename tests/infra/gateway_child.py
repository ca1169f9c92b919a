"""A gateway on fakes, in a process of its own whose memory can be looked at: `python -m tests.infra.gateway_child`.

Prints its port, and serves until it is killed.
"""

import asyncio

from infra.gateway.app import create_app
from infra.gateway.server import GatewayServer
from tests.infra.gateway_fakes import ports


async def main() -> None:
    server = GatewayServer(create_app(ports()), "127.0.0.1", 0)
    print(server.port, flush=True)
    await server.run()


if __name__ == "__main__":
    asyncio.run(main())
