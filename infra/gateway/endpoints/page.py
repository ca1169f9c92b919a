"""The page at / and the reference at /docs: static files, read once, served from memory."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from infra.doors.entering import HolderHere
from infra.doors.roles import Holder, Role
from infra.gateway.context import GatewayHere
from workers.mine import is_mine

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}


@dataclass(frozen=True)
class _File:
    body: bytes
    media_type: str
    tag: str


def _read(name: str) -> _File:
    body = (files("infra.gateway") / "page" / name).read_bytes()
    return _File(body, _TYPES[name.rpartition(".")[2]], f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"')


_NAMES = sorted(one.name for one in (files("infra.gateway") / "page").iterdir())
_PAGES = {"/": _read("index.html"), "/docs": _read("docs.html")}
_ASSETS = {f"/page/{name}": _read(name) for name in _NAMES if name.endswith((".css", ".js"))}
_FILES = _PAGES | _ASSETS

router = APIRouter()


class PageData(BaseModel):
    """What the page offers to pick from."""

    users: tuple[str, ...]
    providers: tuple[str, ...]


@router.get("/v1/page", include_in_schema=False)
async def get_page_data(gateway: GatewayHere, holder: HolderHere) -> PageData:
    snapshot = await gateway.ports.store.read([], [], gateway.ports.space)
    providers = tuple(one for one in snapshot.providers if not is_mine(one))
    return PageData(users=_offered(gateway.ports.sample_users, holder), providers=providers)


def _offered(sample: tuple[str, ...], holder: Holder | None) -> tuple[str, ...]:
    """Nobody learns the id of anybody whose profile they may not read."""
    if holder is None or holder.role is Role.OPERATOR:
        return sample
    return (holder.subject,) if holder.role is Role.PERSON else ()


async def _serve(request: Request) -> Response:
    file = _FILES[request.scope["path"]]  # the whole URL wants a query in UTF-8
    # Asked for anew each time, and sent only when it changed: a new version shows at once.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.body, headers=headers, media_type=file.media_type)


for _path in _FILES:
    router.add_api_route(_path, _serve, methods=["GET", "HEAD"], include_in_schema=False)
