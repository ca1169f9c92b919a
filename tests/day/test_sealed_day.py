"""The log of a service that somebody has used, read off its file: it says nothing of them."""

import json
import sqlite3
from base64 import b64encode
from pathlib import Path

import pytest

from streams.sealing import is_sealed
from streams.topics import CATALOG, INTERACTIONS, KEYS, SEALED
from tests.day.service import Service, interaction
from tests.infra.platforms.files import zipped

pytestmark = pytest.mark.timeout(180)

PERSON = "ann-of-green-gables"
WORDS = (PERSON, "dragonflies", "theremin", "marmalade")


def test_what_a_person_did_and_wrote_stands_nowhere_in_the_log(tmp_path: Path) -> None:
    with Service(tmp_path, env={"ATTUNE_ITEM_WAIT": "1"}) as service:
        item = {"item": "1", "title": "How dragonflies fly"}
        service.post("/v1/providers/news/items", {"items": [item]})
        events = [interaction(PERSON, "news", "1"), interaction(PERSON, "news", "never", n=1)]
        events[0]["text"] = "all about dragonflies and marmalade"
        assert service.post("/v1/interactions", {"interactions": events}).status_code == 202
        edit = {"edits": [{"op": "add", "text": "theremin", "weight": 0.5}]}
        assert service.post(f"/v1/users/{PERSON}/edits", edit).status_code == 202
        likes = [{"like": {"tweetId": "1765000000000000000", "fullText": "Otters of Oregon"}}]
        file = zipped({"data/like.js": f"window.YTD.like.part0 = {json.dumps(likes)}"})
        headers = {"Content-Type": "application/octet-stream"}
        assert service.http.post(f"/v1/users/{PERSON}/history", content=file, headers=headers).status_code == 202
        service.settle()
    topics = held(tmp_path / "data" / "attune.sqlite")
    assert topics[INTERACTIONS]
    assert topics[KEYS]
    assert [key for key, value in topics[CATALOG] if key.startswith(b"~mine.x:") and is_sealed(value)]
    personal = [message for topic in SEALED for message in topics[topic]]
    assert all(is_sealed(value) for _, value in personal)
    spelled = [word.encode() for one in WORDS for word in (one, json.dumps(one))] + [b64encode(PERSON.encode())]
    assert not [word for word in spelled if any(word in key + value for key, value in personal)]
    everything = [message for messages in topics.values() for message in messages]
    assert not any(word in key + value for word in (PERSON.encode(), b"Otters") for key, value in everything)


def held(file: Path) -> dict[str, list[tuple[bytes, bytes]]]:
    """Key and value of each message, by topic."""
    found: dict[str, list[tuple[bytes, bytes]]] = {}
    with sqlite3.connect(file) as connection:
        rows = connection.execute(
            "SELECT topic, log_messages.key, value FROM log_partitions"
            " LEFT JOIN log_messages ON log_messages.id >> 40 = log_partitions.id"
        )
        for topic, key, value in rows:
            messages = found.setdefault(topic, [])
            if key is not None:
                messages.append((key, value or b""))
    connection.close()
    return found
