"""Every setting, once: its name, its limits, what it means. `attune config show` prints this table.

Settings come from `ATTUNE_*` in the environment, or from the TOML file that `ATTUNE_CONFIG` names (the same names in
lower case without the prefix); the environment wins.
"""

import os
import re
import secrets
import socket
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from infra.door_settings import DoorSettings
from infra.ending import CLOSE_SHARE, PARTS_SHARE
from streams.progress import STALL_TIMEOUT
from workers.errors import ConfigurationError

RunnerName = Literal["aiokafka", "faust"]
_METRICS_PORTS = {"agents": 9101, "embedder": 9102, "provider": 9103, "control": 9104, "refiner": 9105}
Limit = Annotated[int, Field(ge=0, le=2**53 - 1)]
_KAFKA = re.compile(r"^kafka://[^,/\s:]+:\d+(,[^,/\s:]+:\d+)*$")


class Settings(DoorSettings):
    """Frozen once read. Durations are in seconds unless the name says otherwise. Those of tokens, TLS and passwords
    stand in `infra.door_settings`."""

    model_config = SettingsConfigDict(env_prefix="ATTUNE_", frozen=True, extra="forbid")

    broker: str = Field("embedded", description="'embedded', or kafka://host:port[,host:port...]")
    store: str = Field("embedded", description="'embedded', or redis://host:port/db")
    runner: RunnerName = Field("aiokafka", description="what feeds the stages on Kafka")
    runner_agents: RunnerName | None = Field(None, description="overrides ATTUNE_RUNNER for the agents")
    runner_embedder: RunnerName | None = Field(None, description="overrides ATTUNE_RUNNER for the embedder")
    runner_control: RunnerName = Field("faust", description="what feeds control: few messages and timers")
    data_dir: Path = Field(Path(".attune/data"), description="the embedded service's file, and the secret key")
    http_host: str = Field("127.0.0.1", description="where the gateway listens")
    http_port: Annotated[int, Field(ge=0, le=65535)] = Field(8080, description="its port")
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = Field(
        None,
        description="/metrics and health of a worker; unset: agents 9101, embedder 9102, provider 9103, control 9104, "
        "refiner 9105",
    )
    gateway_url: str | None = Field(None, description="where commands find the gateway; default: http_host and port")
    provider_url: str | None = Field(
        None, description="where the gateway finds `attune worker provider`; unset: it holds the indexes itself"
    )
    instance: str | None = Field(
        None, description="unique name of this worker (its ordinal): keeps its partitions over a restart"
    )
    partitions: Annotated[int, Field(ge=1, le=1024)] = Field(8, description="of each topic when it is created")
    replication: Annotated[int, Field(ge=1, le=7)] = Field(1, description="of each topic when it is created")
    batch_size: Annotated[int, Field(ge=1, le=5000)] = Field(200, description="records a stage handles at once")
    session_timeout: Annotated[float, Field(ge=1, le=300)] = Field(15.0, description="of a group member on Kafka")
    send_timeout: Annotated[float, Field(ge=0.1, le=120)] = Field(10.0, description="deadline of a send to the broker")
    store_timeout: Annotated[float, Field(ge=0.1, le=60)] = Field(5.0, description="deadline of a call to the store")
    stop_timeout: Annotated[float, Field(ge=1, le=60)] = Field(8.0, description="deadline of an orderly stop")
    model: str = Field("minilm", description="'minilm' (comes with Attune) or a sentence-transformers directory")
    secret: SecretStr | None = Field(
        None, description="key of the pseudonyms that providers see; unset: made once in data_dir"
    )
    scoring: Literal["mixture", "linear"] = Field("mixture", description="how interests make one score")
    weights: Literal["streaming", "paper"] = Field("streaming", description="estimator of the weights")
    refit_after: Annotated[int, Field(ge=1, le=1000)] = Field(5, description="interactions that trigger a re-fit")
    refit_age: Annotated[float, Field(ge=1)] = Field(30.0, description="seconds until fewer than that do")
    half_life_days: Annotated[float, Field(gt=0, le=3650)] = Field(30.0, description="of an interaction's weight")
    window: Annotated[int, Field(ge=16, le=1024)] = Field(256, description="interactions kept per user")
    item_wait: Annotated[float, Field(ge=1, le=86_400)] = Field(
        60.0, description="seconds an unknown item is waited for"
    )
    max_waiting: Annotated[int, Field(ge=1, le=1024)] = Field(64, description="interactions waiting per user")
    clock_skew: Annotated[float, Field(ge=0)] = Field(86_400.0, description="seconds an event may lie in the future")
    refine_after: Annotated[int, Field(ge=0, le=100_000)] | None = Field(
        None,
        description="interactions that trigger a refinement of the texts; 0: texts are refined on demand only; "
        "unset: 0 for the proposer phrases, 20 for vllm",
    )
    refine_first: Annotated[int, Field(ge=2, le=100_000)] = Field(
        10, description="interactions that trigger the first refinement of a person's texts"
    )
    refine_drop: Annotated[float, Field(gt=0, le=1)] = Field(
        0.15, description="fall of the reward (0 to 1) that triggers a refinement"
    )
    refine_age: Annotated[float, Field(ge=1)] = Field(
        604_800.0, description="seconds since the last refinement that trigger another, after an interaction"
    )
    refine_cooldown: Annotated[float, Field(ge=0)] = Field(
        300.0, description="seconds between two refinements at least"
    )
    refine_idle: Annotated[float, Field(ge=0)] = Field(
        30.0, description="seconds without an interaction before a refinement starts (on demand: at once)"
    )
    refine_iterations: Annotated[int, Field(ge=1, le=10)] = Field(10, description="rounds of a refinement at most")
    refine_temperature: Literal["0", "1", "inf"] = Field(
        "inf", description="which candidate a round starts from: 0 the best, inf any, 1 the better the likelier"
    )
    refine_lease: Annotated[float, Field(ge=10, le=3600)] = Field(
        300.0, description="seconds without a finished round after which another refiner takes the job over"
    )
    refiner_concurrency: Annotated[int, Field(ge=1, le=64)] | None = Field(
        None, description="refinements at once in one refiner; unset: 1 for phrases, ATTUNE_LLM_CONCURRENCY for vllm"
    )
    refiner_share: Annotated[float, Field(ge=0.01, le=1)] = Field(
        0.1, description="share of one core that refinements may take in `attune up`, beside the stream"
    )
    proposer: Literal["phrases", "vllm"] = Field(
        "phrases", description="who proposes texts: a search over the person's own phrases, or an LLM"
    )
    llm_url: str | None = Field(None, description="OpenAI-compatible server for the proposer vllm, ending in /v1")
    llm_model: str | None = Field(None, description="its model; unset: the first that it names")
    llm_key: SecretStr | None = Field(None, description="its API key")
    llm_concurrency: Annotated[int, Field(ge=1, le=256)] = Field(8, description="requests to it at once, per process")
    llm_timeout: Annotated[float, Field(ge=1, le=600)] = Field(
        60.0, description="seconds for one question to it, with every retry"
    )
    erasure_deadline: Annotated[float, Field(ge=1, le=86_400)] = Field(
        60.0, description="seconds for every provider to confirm that somebody was erased, before it counts as late"
    )
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] = Field(
        "default", description="whose people these are: has a budget of its own where several share a store"
    )
    llm_calls_per_user: Limit = Field(60, description="calls of an LLM a day for one person")
    llm_tokens_per_user: Limit = Field(200_000, description="its tokens a day for one person, prompts and answers")
    llm_calls_per_tenant: Limit = Field(50_000, description="calls a day for all people of this tenant")
    llm_tokens_per_tenant: Limit = Field(150_000_000, description="tokens a day for all people of this tenant")
    llm_calls_in_all: Limit = Field(100_000, description="calls a day for all tenants of the store")
    llm_tokens_in_all: Limit = Field(300_000_000, description="tokens a day for all tenants of the store")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="what is logged to stderr")

    @field_validator("broker")
    @classmethod
    def _known_broker(cls, value: str) -> str:
        if value != "embedded" and not _KAFKA.match(value):
            raise ValueError("must be 'embedded' or kafka://host:port[,host:port...]")
        return value

    @field_validator("store")
    @classmethod
    def _known_store(cls, value: str) -> str:
        if value != "embedded" and urlsplit(value).scheme not in {"redis", "rediss"}:
            raise ValueError("must be 'embedded' or redis://host:port/db")
        return value

    @field_validator("llm_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in {"http", "https"}:
            raise ValueError("must look like http://host:8000/v1")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        if self.proposer == "vllm" and self.llm_url is None:
            raise ValueError("ATTUNE_PROPOSER=vllm needs the address of the server in ATTUNE_LLM_URL")
        # A round asks one question, but to describe 24 groups takes three; the lease is renewed after each round.
        if self.refine_lease < 4 * self.llm_timeout:
            raise ValueError("ATTUNE_REFINE_LEASE must be at least 4 times ATTUNE_LLM_TIMEOUT: a round must fit in")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get("ATTUNE_CONFIG")
        toml = (TomlConfigSettingsSource(settings_cls, Path(file)),) if file else ()
        return (init_settings, env_settings, *toml)

    @property
    def embedded(self) -> bool:
        """Everything in one process and one file."""
        return self.broker == "embedded"

    @property
    def bootstrap(self) -> str:
        """Kafka's bootstrap servers, as its clients take them."""
        return self.broker.removeprefix("kafka://")

    @property
    def database(self) -> Path:
        return self.data_dir / "attune.sqlite"

    @property
    def token_file(self) -> Path:
        """The keys that sign tokens, unless ATTUNE_TOKEN_KEYS has them."""
        return self.data_dir / "tokens.json"

    @property
    def url(self) -> str:
        """The gateway's address, for commands."""
        host = "127.0.0.1" if self.http_host in {"0.0.0.0", "::"} else self.http_host
        scheme = "http" if self.http_cert is None else "https"
        return self.gateway_url or f"{scheme}://{host}:{self.http_port}"

    def reader_name(self, port: int) -> str | None:
        """Of a process that holds embeddings and serves at that port: of two that run at once it is not the same. None
        where everything is in one process."""
        if self.embedded:
            return None
        return re.sub(r"[^A-Za-z0-9._:-]", "-", f"{self.instance or socket.gethostname()}:{port}")[-128:]

    def runner_of(self, stage: str) -> RunnerName:
        if stage == "control":
            return self.runner_control
        override: RunnerName | None = getattr(self, f"runner_{stage}", None)
        return override or self.runner

    @property
    def refines_after(self) -> int | None:
        """Interactions that trigger a refinement, and None where only a demand does: by phrases it has shown no gain
        (docs/decisions/0007)."""
        unless_set = 20 if self.proposer == "vllm" else 0
        return (unless_set if self.refine_after is None else self.refine_after) or None

    @property
    def refinements_at_once(self) -> int:
        """In one refiner. A search for phrases is one core's work, an LLM is waited for."""
        return self.refiner_concurrency or (self.llm_concurrency if self.proposer == "vllm" else 1)

    @property
    def parts_timeout(self) -> float:
        """Of the orderly stop, for what is in the parts' hands."""
        return self.stop_timeout * PARTS_SHARE

    @property
    def close_timeout(self) -> float:
        """Of the orderly stop, for what the producer still holds."""
        return self.stop_timeout * CLOSE_SHARE

    @property
    def stall_timeout(self) -> float:
        """Without progress; longer only where one call may take longer."""
        return max(STALL_TIMEOUT, max(self.send_timeout, self.store_timeout) + 8)

    def metrics_port_of(self, role: str) -> int:
        """One each, so that all roles can run on one machine."""
        return _METRICS_PORTS[role] if self.metrics_port is None else self.metrics_port

    def pseudonym_key(self) -> bytes:
        """The key behind the pseudonyms. Made once and kept readable by its owner only; in a cluster every role needs
        the same one, so there it must be set."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        if not self.embedded:
            raise ConfigurationError("set ATTUNE_SECRET to the same long random text for every role of the cluster")
        path = self.data_dir / "secret"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_hex(32))
        return path.read_text().encode()


def read_settings(**overrides: Any) -> Settings:
    """The settings in force. Raises `ConfigurationError`, which names each setting that is off and what it takes."""
    file = os.environ.get("ATTUNE_CONFIG")
    if file and not Path(file).is_file():
        raise ConfigurationError(f"ATTUNE_CONFIG names {file}, and no file is there: mend the path or unset it")
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise ConfigurationError("\n".join(map(_mend, error.errors()))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"the file that ATTUNE_CONFIG names is not TOML: {error}") from error


def _mend(error: Any) -> str:
    """What a validator over several settings says names them itself."""
    message = str(error["msg"]).removeprefix("Value error, ")
    name = ".".join(map(str, error["loc"]))
    return f"ATTUNE_{name.upper()}: {message}" if name else message
