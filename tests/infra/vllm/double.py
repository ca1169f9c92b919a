"""An LLM server that does what a test says: real HTTP on a free port, and every way in which a real one goes wrong."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Step = Callable[["Exchange"], Awaitable[None]]

MODEL = "double"


@dataclass(frozen=True)
class Exchange:
    """One request in the server's hands."""

    body: dict[str, Any]
    writer: asyncio.StreamWriter

    @property
    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = self.body["response_format"]["json_schema"]["schema"]
        return schema

    async def respond(self, status: int, content: bytes, *headers: str) -> None:
        head = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(content)}", *headers]
        self.writer.write("\r\n".join([*head, "", ""]).encode() + content)
        await self.writer.drain()


def answers(content: object, finish: str | None = "stop", prompt: int = 100, completion: int = 20) -> Step:
    """A completion with this content (as JSON, or as it is where it is a text)."""

    async def step(exchange: Exchange) -> None:
        text = content if isinstance(content, str) else json.dumps(content)
        usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
        await exchange.respond(
            200, json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
        )

    return step


def status(code: int, *headers: str) -> Step:
    async def step(exchange: Exchange) -> None:
        await exchange.respond(
            code, json.dumps({"error": {"message": "its own words", "code": code}}).encode(), *headers
        )

    return step


def raw(content: bytes) -> Step:
    """200, and these bytes."""

    async def step(exchange: Exchange) -> None:
        await exchange.respond(200, content)

    return step


def after(seconds: float, then: Step) -> Step:
    async def step(exchange: Exchange) -> None:
        await asyncio.sleep(seconds)
        await then(exchange)

    return step


async def hang_up(exchange: Exchange) -> None:
    """Closes without a byte, as a server does that closes an idle connection just as it is used."""
    exchange.writer.close()


async def reset(exchange: Exchange) -> None:
    """Half an answer, then the connection is reset, as when the process dies."""
    exchange.writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"choices": [')
    await exchange.writer.drain()
    connection = exchange.writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.writer.transport.abort()


async def oblige(exchange: Exchange) -> None:
    """Something that keeps to the schema asked for: the first of every choice, "words" for a free text."""
    await answers(_fill(exchange.schema))(exchange)


async def ignore_schema(exchange: Exchange) -> None:
    """As a server that knows no `response_format`."""
    await answers("Good morning to you!")(exchange)


def _fill(schema: dict[str, Any]) -> Any:
    if "anyOf" in schema:
        return _fill(schema["anyOf"][0])
    if "const" in schema or "enum" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if schema["type"] == "object":
        return {name: _fill(part) for name, part in schema["properties"].items()}
    return [_fill(schema["items"])] if schema["type"] == "array" else "words"


@dataclass
class Double:
    """`steps` answer the questions, one each, the last for good. Probes (the schema's name tells them) are answered by
    `probed` and not counted."""

    steps: list[Step]
    probed: Step = oblige
    models: list[dict[str, Any]] = field(default_factory=lambda: [{"id": MODEL, "max_model_len": 16_384}])
    questions: list[dict[str, Any]] = field(default_factory=list)
    probes: int = 0
    at_once: int = 0
    most_at_once: int = 0
    left: int = 0
    """Questions whose client went away before it had its answer."""
    draining: bool = False
    authorization: str | None = None
    port: int = 0
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def begin(self) -> None:
        """Listens; after `die`, again on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def die(self) -> None:
        """Every connection goes, and nobody listens."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while (request := await _read(reader)) is not None:
                path, self.authorization, body = request
                if not await self._watched(self._handle(path, Exchange(body, writer)), reader):
                    return
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _handle(self, path: str, exchange: Exchange) -> None:
        if path.endswith("/models"):
            await exchange.respond(200, json.dumps({"object": "list", "data": self.models}).encode())
        elif self.draining:
            await status(500)(exchange)
        elif exchange.body["response_format"]["json_schema"]["name"] == "probe":
            self.probes += 1
            await self.probed(exchange)
        else:
            await self._answer(exchange)

    async def _answer(self, exchange: Exchange) -> None:
        step = self.steps[min(len(self.questions), len(self.steps) - 1)]
        self.questions.append(exchange.body)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await step(exchange)
        finally:
            self.at_once -= 1

    async def _watched(self, handling: Any, reader: asyncio.StreamReader) -> bool:
        """Whether it was answered: a client that goes away ends the work on its question."""
        work = asyncio.ensure_future(handling)
        gone = asyncio.ensure_future(_end_of(reader))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
                return True
            self.left += 1
            return False
        finally:
            for task in (work, gone):
                task.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> tuple[str, str | None, dict[str, Any]] | None:
    """Path, authorization and body of the next request; None after the last."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
    content = await reader.readexactly(int(fields.get("content-length", "0")))
    return head[0].split()[1], fields.get("authorization"), json.loads(content) if content else {}


async def _end_of(reader: asyncio.StreamReader) -> None:
    """Returns when the other end closes. Looks and reads nothing: a byte read here would be the next request's."""
    while not reader.at_eof() and reader.exception() is None:
        await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(*steps: Step, **fields: Any) -> AsyncIterator[Double]:
    double = Double(list(steps) or [oblige], **fields)
    await double.begin()
    try:
        yield double
    finally:
        await double.die()
