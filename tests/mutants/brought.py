"""The guards of what persons bring: each one's own, sealed, and gone with them."""

from tests.mutants.mutation import Mutation

_STORE = "tests/contract/test_store_own.py"
_STREAMS = "tests/streams/test_brought.py"
_HISTORIES = "tests/infra/test_gateway_histories.py"
_AUDIT = "tests/infra/audit/test_audit.py"


def _brought(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(8, guard, file, old, new, tests)


BROUGHT: tuple[Mutation, ...] = (
    _brought(
        "what a person brought goes with their key (SQLite)",
        "infra/stores/sqlite_sealing.py",
        '    connection.executemany("DELETE FROM own_items WHERE mailbox = ?", rows)\n',
        "",
        _STORE,
    ),
    _brought(
        "what a person brought goes with their key (Redis)",
        "infra/stores/lua/destroy_keys.lua",
        "    redis.call('DEL', KEYS[2 + at])\n",
        "",
        _STORE,
    ),
    _brought(
        "nothing is written of what somebody brought whose key is destroyed (SQLite)",
        "infra/stores/sqlite_own.py",
        "if _is_closed(connection, owner) or (",
        "if (",
        _STORE,
    ),
    _brought(
        "nothing is written of what somebody brought whose key is destroyed (Redis)",
        "infra/stores/lua/put_own_items.lua",
        "if is_gone or before and",
        "if before and",
        _STORE,
    ),
    _brought(
        "while somebody is erased nothing more of theirs is written (SQLite)",
        "infra/stores/sqlite_own.py",
        "connection.execute(query, (mailbox.decode(),)).fetchone() is not None",
        "False",
        _STORE,
    ),
    _brought(
        "while somebody is erased nothing more of theirs is written (Redis)",
        "infra/stores/lua/put_own_items.lua",
        " or redis.call('HEXISTS', KEYS[1], '') == 1",
        "",
        _STORE,
    ),
    _brought(
        "what a person brought is sealed",
        "streams/sealing.py",
        "if owner is not None and (message.topic == CATALOG or ",
        "if owner is not None and (",
        _STREAMS,
    ),
    _brought(
        "its tombstone is one",
        "streams/sealing.py",
        " and message.value is not None and not is_sealed(message.value):",
        ":",
        _STREAMS,
    ),
    _brought(
        "titles cannot be tried against an item's id",
        "streams/sealing.py",
        'digest = hmac.digest(secret, b"\\0own',
        'digest = hmac.digest(b"", b"\\0own',
        _STREAMS,
    ),
    _brought(
        "of what another person brought nothing is said",
        "streams/publication.py",
        " if is_theirs(key, one)]",
        "]",
        _STREAMS,
    ),
    _brought(
        "an erasure takes what the person brought from the catalog's topic",
        "streams/erasure.py",
        "    await producer.send([Outgoing(CATALOG, description_key(item).encode(), None) for item in brought])\n",
        "",
        _STREAMS,
    ),
    _brought(
        "what it did not know of its reader takes away",
        "streams/catalog_batch.py",
        '            batch.nulls.append(Outgoing(record.topic, record.key or b"", None))\n',
        "",
        _STREAMS,
    ),
    _brought(
        "an embedder keeps nobody's words to send them again",
        "streams/descriptions.py",
        "is_description(entries[key].standing) and not is_mine(key)",
        "is_description(entries[key].standing)",
        _STREAMS,
    ),
    _brought(
        "what was sealed before and sent after an erasure its reader takes away",
        "streams/descriptions.py",
        "return None if owner_of(key) is None else Outgoing(CATALOG, description_key(key).encode(), None)",
        "return None",
        _STREAMS,
    ),
    _brought(
        "of what a person brought nobody else speaks",
        "infra/gateway/endpoints/interactions.py",
        "if not is_theirs(secret, interaction):",
        "if False:",
        "tests/infra/test_gateway_interactions.py",
    ),
    _brought(
        "of one person so much is kept and no more",
        "infra/gateway/own_items.py",
        "if count <= MAX_OWN:",
        "if True:",
        _HISTORIES,
    ),
    _brought(
        "of somebody who was forgotten nothing is described",
        "infra/gateway/histories.py",
        "    if not is_forgotten:\n",
        "    if True:\n",
        _HISTORIES,
    ),
    _brought(
        "an audit looks for what the person brought in the catalog",
        "infra/audit/topics.py",
        "            return mailbox_in(record) == mailbox\n",
        "            return False\n",
        _AUDIT,
    ),
    _brought(
        "an audit looks for what the person brought in the store",
        "infra/audit/topics.py",
        '.look(bool(brought), "what',
        '.look(False, "what',
        _AUDIT,
    ),
)
