"""docker-compose.yml: the servers beside Attune, each as Attune needs it."""

import re
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from infra.processes import KafkaBroker
from tests.infra.compose_file import ROOT, Service, own, services

# A broker of the tests has addresses and a place for its data of its own.
_PLACE = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}


def mounts(service: Service) -> dict[str, str]:
    """Named volume, or path of the host, by the path in the container."""
    parts = [entry.split(":") for entry in service.get("volumes", [])]
    return {target: source for source, target, *_ in parts}


def test_every_image_of_others_is_pinned() -> None:
    images = {name: service["image"] for name, service in services().items() if "image" in service}
    assert set(images) == set(services()) - set(own(services()))
    assert all(re.fullmatch(r"[\w./-]+:v?\d+(\.\d+)+", image) for image in images.values())


def test_redis_keeps_what_it_was_given() -> None:
    program, *flags = services()["redis"]["command"]
    assert program == "redis-server"
    options = dict(zip(flags[::2], flags[1::2], strict=True))
    assert options == {"--appendonly": "yes", "--appendfsync": "everysec", "--maxmemory-policy": "noeviction"}


@pytest.mark.parametrize(
    ("name", "path"),
    [("kafka", "/var/lib/kafka/data"), ("redis", "/data"), ("prometheus", "/prometheus")],
)
def test_data_outlive_their_container(name: str, path: str) -> None:
    assert mounts(services()[name])[path] == f"{name}-data"


def test_kafka_and_prometheus_write_where_their_volumes_are() -> None:
    assert services()["kafka"]["environment"]["KAFKA_LOG_DIRS"] in mounts(services()["kafka"])
    assert "--storage.tsdb.path=/prometheus" in services()["prometheus"]["command"]
    assert mounts(services()["prometheus"])["/etc/prometheus"] == str(ROOT / "infra" / "prometheus")


def test_kafka_is_the_version_that_the_tests_run() -> None:
    (version,) = re.findall(r"<kafka.version>(.+)</kafka.version>", (ROOT / "infra/kafka/pom.xml").read_text())
    assert services()["kafka"]["image"] == f"apache/kafka:{version}"


def test_kafkas_controller_cannot_be_reached_from_other_containers() -> None:
    listeners = services()["kafka"]["environment"]["KAFKA_LISTENERS"].split(",")
    assert [one for one in listeners if not one.startswith("PLAINTEXT://")] == ["CONTROLLER://localhost:9093"]


@pytest.mark.kafka
async def test_a_broker_takes_every_setting_that_the_container_is_given(tmp_path: Path) -> None:
    """A name that Kafka does not know would be passed over in silence."""
    given = services()["kafka"]["environment"].items()
    # As the image makes settings of its environment.
    settings = {name[6:].lower().replace("_", "."): value for name, value in given if name.startswith("KAFKA_")}
    settings = {name: value for name, value in settings.items() if name not in _PLACE}
    assert settings["auto.create.topics.enable"] == "false"
    assert settings["log.message.timestamp.type"] == "LogAppendTime"
    with KafkaBroker.start(tmp_path, settings=settings) as broker:
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        try:
            (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.BROKER, "1")])
        finally:
            await admin.close()
    in_force = {key: value for *_, rows in answer.resources for key, value, *_ in rows}
    assert settings.items() <= in_force.items()


# --- vLLM


def test_vllm_starts_only_when_asked_for_and_is_the_version_that_was_measured() -> None:
    assert {name for name, service in services().items() if "profiles" in service} == {"vllm"}
    (version,) = re.findall(r"^vllm==(.+)$", (ROOT / "infra/vllm/requirements.in").read_text(), re.MULTILINE)
    assert services()["vllm"]["image"] == f"vllm/vllm-openai:v{version}"


def test_vllm_is_started_so_that_answers_keep_to_their_schema_and_the_queue_ends() -> None:
    flags = services()["vllm"]["command"]
    options = dict(zip(flags[::2], flags[1::2], strict=True))
    assert options["--structured-outputs-config.backend"] == "guidance"
    assert options["--structured-outputs-config.disable_any_whitespace"] == "true"
    assert int(options["--max-num-queued-reqs"]) > 0
