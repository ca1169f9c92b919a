"""The image of the roles, read as text: no engine builds here."""

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES = [
    line
    for line in (ROOT / "infra/containers/Dockerfile").read_text().replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]
IGNORE = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def arguments(instruction: str) -> list[str]:
    return [line.removeprefix(instruction).strip() for line in LINES if line.startswith(f"{instruction} ")]


def copied() -> set[str]:
    """What of the repository goes into the image."""
    copies = [words.split() for words in arguments("COPY") if not words.startswith("--from")]
    return {source for *sources, _ in copies for source in sources}


def test_both_stages_have_the_python_that_attune_is_tested_on() -> None:
    assert {words.split()[0] for words in arguments("FROM")} == {"python:3.11-slim"}


def test_everything_copied_is_there_and_is_not_kept_out_of_the_build() -> None:
    assert [source for source in copied() if not (ROOT / source).exists()] == []
    assert IGNORE[0] == "*"
    let_in = {line.removeprefix("!") for line in IGNORE if line.startswith("!")}
    assert {source.split("/")[0] for source in copied()} == let_in


def test_every_package_of_the_distribution_is_copied() -> None:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"]
    top = {pattern.rstrip("*") for pattern in found["include"]} - {"attune_client"}
    assert top | {"client"} <= copied()


def test_torch_comes_without_cuda_and_at_the_pinned_version() -> None:
    assert any("UV_TORCH_BACKEND=cpu" in words.split() for words in arguments("ENV"))
    (install,) = [words for words in arguments("RUN") if "requirements/base.in" in words]
    assert "--requirement requirements/base.in --constraint requirements/base.txt" in install


def test_no_host_is_named_but_by_the_images() -> None:
    assert not re.search(r"://|--(extra-)?index-url", "\n".join(LINES))


def test_attune_is_the_command_and_root_does_not_run_it() -> None:
    assert json.loads(arguments("ENTRYPOINT")[-1]) == ["attune"]
    assert int(arguments("USER")[-1]) >= 1000
    assert f"useradd --uid {arguments('USER')[-1]} " in "\n".join(arguments("RUN"))
