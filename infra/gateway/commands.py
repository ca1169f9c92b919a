"""Putting a command into its user's mailbox."""

import uuid
from datetime import UTC, datetime

from infra.gateway.context import Gateway
from schemas.command import ProfileCommand
from streams.contract import Outgoing
from streams.topics import COMMANDS


def new_id() -> str:
    """Of a command that came without one."""
    return uuid.uuid4().hex


def current_time(gateway: Gateway) -> datetime:
    """By the gateway's clock, in UTC."""
    return datetime.fromtimestamp(gateway.ports.clock(), UTC)


async def send_command(gateway: Gateway, command: ProfileCommand) -> None:
    """Returns when it is durable. Raises `BrokerUnavailable`, and the 503 problem where too many wait already."""
    with gateway.writes.enter():
        await gateway.ports.producer.send([Outgoing(COMMANDS, command.user.encode(), command.to_bytes())])
