"""The settings of the doors, and of TLS and passwords: what belongs together is said at the start."""

from pathlib import Path

import pytest

from infra.settings import Settings, read_settings
from streams.kafka_security import PLAINTEXT, KafkaSecurity
from workers.errors import ConfigurationError

PEM = Path("some.pem")


def test_without_them_everything_is_as_plain_as_on_one_s_own_machine() -> None:
    settings = Settings()
    assert settings.kafka == PLAINTEXT
    assert settings.redis.of_client("redis://127.0.0.1") == {"username": None, "password": None}
    assert (settings.tokens, settings.token_keys, settings.metrics_open) == ("auto", None, False)


def test_they_travel_as_one_value_that_shows_no_password() -> None:
    settings = Settings(
        kafka_security="SASL_SSL",
        kafka_ca=PEM,
        kafka_cert=PEM,
        kafka_key=PEM,
        kafka_mechanism="PLAIN",
        kafka_user="attune",
        kafka_password="hunter2",
        redis_user="attune",
        redis_password="hunter2",
    )
    assert settings.kafka == KafkaSecurity("SASL_SSL", PEM, PEM, PEM, "PLAIN", "attune", "hunter2")
    assert settings.redis.password == "hunter2"
    assert "hunter2" not in repr((settings, settings.kafka, settings.redis))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kafka_security": "SASL_SSL"}, "needs ATTUNE_KAFKA_USER and _PASSWORD"),
        ({"kafka_security": "SASL_PLAINTEXT", "kafka_user": "attune"}, "needs ATTUNE_KAFKA_USER and _PASSWORD"),
        ({"kafka_password": "hunter2", "kafka_user": "attune"}, "needs ATTUNE_KAFKA_SECURITY=SASL_SSL"),
        ({"kafka_ca": PEM}, "need ATTUNE_KAFKA_SECURITY=SSL or SASL_SSL"),
        ({"kafka_cert": PEM, "kafka_key": PEM}, "need ATTUNE_KAFKA_SECURITY=SSL or SASL_SSL"),
        ({"kafka_security": "SSL", "kafka_cert": PEM}, "ATTUNE_KAFKA_CERT and ATTUNE_KAFKA_KEY belong together"),
        ({"http_cert": PEM}, "ATTUNE_HTTP_CERT and ATTUNE_HTTP_KEY belong together"),
        ({"redis_key": PEM}, "ATTUNE_REDIS_CERT and ATTUNE_REDIS_KEY belong together"),
        ({"rate_person": 0}, "ATTUNE_RATE_PERSON: .*greater than 0"),
        ({"kafka_security": "TLS"}, "ATTUNE_KAFKA_SECURITY: .*'SASL_SSL'"),
        ({"tokens": "off"}, "ATTUNE_TOKENS: .*'required'"),
    ],
)
def test_what_does_not_fit_together_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refusal:
        read_settings(**given)
    assert "hunter2" not in str(refusal.value)
