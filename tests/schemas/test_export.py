"""The JSON Schemas that are checked in are those of the models."""

import json
from pathlib import Path

from schemas.export import FOLDER, documents, export, public_models


def test_the_files_are_equal_to_the_models() -> None:
    checked_in = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert checked_in == documents(), "run `python -m schemas.export` and commit what it writes"


def test_every_public_model_has_a_file_and_commands_have_one_together() -> None:
    assert set(documents()) == {f"{model.__name__}.json" for model in public_models()} | {"ProfileCommand.json"}
    command = json.loads(documents()["ProfileCommand.json"])
    kinds = {"edit", "refresh", "move", "publish", "retry", "rollback", "import", "forget"}
    assert set(command["discriminator"]["mapping"]) == kinds


def test_limits_stand_in_the_schema() -> None:
    user = json.loads(documents()["Interaction.json"])["properties"]["user"]
    assert (user["minLength"], user["maxLength"]) == (1, 128)


def test_writing_takes_away_what_belongs_to_no_model(tmp_path: Path) -> None:
    (tmp_path / "Forgotten.json").write_text("{}")
    export(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(documents())
