"""The description at /openapi.json. Bodies are read and checked by us, so what they look like is said here."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from infra.gateway.problems import MEDIA_TYPE
from schemas.api import MAX_BATCH, EditsBody, ItemBody, Problem, RefreshBody, SearchBody
from schemas.document import ProfileDocument
from schemas.interaction import Interaction
from schemas.person import RollbackBody, WishBody

_REF = "#/components/schemas/{model}"
_BODIES: tuple[type[BaseModel], ...] = (
    Interaction,
    ItemBody,
    EditsBody,
    WishBody,
    RefreshBody,
    RollbackBody,
    ProfileDocument,
    SearchBody,
    Problem,
)
_PROBLEM = {
    "description": "A problem document; its detail says what to do",
    "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}},
}


def takes(
    model: type[BaseModel], many: str | None = None, single: bool = True, required: bool = True
) -> dict[str, Any]:
    """The `openapi_extra` of an endpoint whose body is `model`, or {many: [model, ...]}."""
    one = {"$ref": _REF.format(model=model.__name__)}
    forms: list[dict[str, Any]] = [one] if single else []
    if many is not None:
        entries = {"type": "array", "items": one, "maxItems": MAX_BATCH}
        forms.append({"type": "object", "properties": {many: entries}, "required": [many]})
    schema = forms[0] if len(forms) == 1 else {"anyOf": forms}
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI) -> None:
    """Makes `app.openapi()` name the bodies and the one form of every error."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    description = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    _, bodies = models_json_schema([(model, "validation") for model in _BODIES], ref_template=_REF)
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(bodies["$defs"])
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in description["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
    return description
