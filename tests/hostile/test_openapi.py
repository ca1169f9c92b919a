"""What the OpenAPI document says, tried out by schemathesis: whatever it lets through and whatever it forbids, no
answer is a 5xx, and every answer is of a kind and shape that the document names."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.hostile.doors import Gateway

pytestmark = pytest.mark.timeout(240)

GATEWAY = Gateway.of()
# Beside its random cases it would make a fixed list for every parameter, which takes half a minute.
CONFIG = schemathesis.Config.from_dict({"phases": {"coverage": {"enabled": False}}})
# The stream of a person's profile has no end; `test_titles` reads it.
DOCUMENT = schemathesis.openapi.from_asgi("/openapi.json", GATEWAY.app, config=CONFIG).exclude(path_regex="/events$")


@DOCUMENT.parametrize()
@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_endpoint_answers_as_the_document_says(case: schemathesis.Case[Any]) -> None:
    GATEWAY.producer.sent.clear()
    answer = case.call()
    case.validate_response(answer, checks=[not_a_server_error, content_type_conformance, response_schema_conformance])
    assert answer.status_code < 400 or not GATEWAY.producer.sent
