"""The limits of every field of every contract: what lies just within is taken, what lies just without is not."""

import pytest
from pydantic import ValidationError

from schemas.base import Contract
from tests.schemas.bodies import BODIES
from tests.schemas.kinds import Kind
from tests.schemas.limits import LIMITS

CASES = [(model, name, kind) for model, limits in LIMITS.items() for name, kind in limits.items()]
NAMES = [f"{model.__name__}.{name}" for model, name, _ in CASES]


@pytest.mark.parametrize(("model", "field", "kind"), CASES, ids=NAMES)
def test_what_lies_within_the_limits_is_taken(model: type[Contract], field: str, kind: Kind) -> None:
    for value in kind.within:
        model.model_validate(BODIES[model] | {field: value})


@pytest.mark.parametrize(("model", "field", "kind"), CASES, ids=NAMES)
def test_what_lies_without_is_refused(model: type[Contract], field: str, kind: Kind) -> None:
    taken = []
    for value in kind.without:
        try:
            model.model_validate(BODIES[model] | {field: value})
        except ValidationError:
            continue
        taken.append(value)
    nothing_said = [None] if not model.model_fields[field].is_required() else []
    assert [value for value in taken if value not in nothing_said] == []
