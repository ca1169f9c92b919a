"""The guards of sealing: what keeps the log silent about people, and whoever was forgotten forgotten."""

from tests.mutants.mutation import Mutation

_ENVELOPE = "tests/streams/test_sealing.py"
_RING = "tests/streams/test_key_ring.py"
_LOSS = "tests/streams/test_key_ring_loss.py"
_PORTS = "tests/streams/test_sealed.py"
_TALLY = "tests/streams/test_tally.py"
_STORE = "tests/contract/test_store_keys.py"
_REBUILD = "tests/streams/test_rebuild_sealed.py"


def _sealing(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(8, guard, file, old, new, tests)


SEALING: tuple[Mutation, ...] = (
    _sealing(
        "a sealed message opens in its own topic only",
        "streams/sealing.py",
        'return b"%b\\0%b" % (name, topic.encode())',
        "return name",
        _ENVELOPE,
    ),
    _sealing(
        "a sealed message opens in its own mailbox only",
        "streams/sealing.py",
        'return b"%b\\0%b" % (name, topic.encode())',
        "return topic.encode()",
        _ENVELOPE,
    ),
    _sealing(
        "a wrapped key is good for its own mailbox only",
        "streams/sealing.py",
        "return nonce + AESGCM(wrapping).encrypt(nonce, key, mailbox)",
        'return nonce + AESGCM(wrapping).encrypt(nonce, key, b"")',
        _ENVELOPE,
    ),
    _sealing(
        "what is sealed is not sealed again",
        "streams/sealing.py",
        "if message.topic not in SEALED or is_sealed(message.value):",
        "if message.topic not in SEALED:",
        _ENVELOPE,
    ),
    _sealing(
        "a letter about a person's message is sealed",
        "streams/sealing.py",
        "return letter.topic in topics and not is_sealed(letter.value)",
        "return False",
        _PORTS,
    ),
    _sealing(
        "nothing is sealed with a key that is not on the topic",
        "streams/key_ring.py",
        "        await self._topic.write(made)\n",
        "",
        _RING,
    ),
    _sealing(
        "a store that was wiped is caught up before a key is made",
        "streams/key_ring.py",
        "        # 1. Look\n        if not await self._topic.is_held():",
        "        # 1. Look\n        if False:",
        _RING,
    ),
    _sealing(
        "a store is caught up before a key is destroyed",
        "streams/key_ring.py",
        "        # 1. Catch up\n        await self._topic.catch_up()\n",
        "",
        _RING,
    ),
    _sealing(
        "a destroyed key is nulled on the topic",
        "streams/key_ring.py",
        "await self._topic.null(mailbox, (await self._store.read_keys([mailbox])).get(mailbox, ()))",
        "pass",
        _RING,
    ),
    _sealing(
        "that a key is destroyed outlasts the store",
        "streams/key_ring.py",
        "await self._topic.say_destroyed(mailbox)",
        "pass",
        _RING,
    ),
    _sealing(
        "a key that is kept is asked for again at the end of its life",
        "streams/key_ring.py",
        "and one.until > now}",
        "}",
        _RING,
    ),
    _sealing(
        "what was sealed with a destroyed key is forgotten",
        "streams/key_ring.py",
        "    if own.destroyed:\n",
        "    if False:\n",
        _RING,
    ),
    _sealing(
        "a key that is nowhere is not believed lost while the store is being emptied",
        "streams/key_ring.py",
        "            if not await self._topic.is_held():\n                raise",
        "            if False:\n                raise",
        _LOSS,
    ),
    _sealing(
        "another secret stops whoever reads",
        "streams/key_ring.py",
        "            raise ConfigurationError(\n",
        "            return _NONE\n            raise ConfigurationError(\n",
        _RING,
    ),
    _sealing(
        "a store that is lost while it is caught up keeps no mark that hides it",
        "streams/key_topic.py",
        "await self._store.mark({source: page[-1].offset + 2}, {}, life)",
        "await self._store.mark({source: page[-1].offset + 2}, {}, await self._store.life())",
        _LOSS,
    ),
    _sealing(
        "a store that is lost before the last mark of its catching up keeps none that hides it",
        "streams/key_topic.py",
        "await self._store.mark({source: span.end + 1}, {}, life)",
        "await self._store.mark({source: span.end + 1}, {}, await self._store.life())",
        _LOSS,
    ),
    _sealing(
        "whom a store brings back while it is caught up is erased before it learns that their key is destroyed",
        "streams/key_topic.py",
        "await self._store.destroy_keys(news, life)",
        "await self._store.destroy_keys(news, await self._store.life())",
        _LOSS,
    ),
    _sealing(
        "a key is destroyed in the life of the store in which its owner was seen erased",
        "streams/key_ring.py",
        "await self._store.destroy_keys([mailbox], life)",
        "await self._store.destroy_keys([mailbox], await self._store.life())",
        _LOSS,
    ),
    _sealing(
        "a restarted Redis destroys no key for an erasure before that",
        "infra/stores/lua/destroy_keys.lua",
        "string.match(redis.call('INFO', 'replication'), 'master_replid:(%w+)') ~= ARGV[1]",
        "false",
        "tests/infra/test_redis_life.py",
    ),
    _sealing(
        "who broke off catching up goes on with it",
        "streams/key_ring.py",
        " or self._topic.is_part_way:",
        ":",
        _LOSS,
    ),
    _sealing(
        "who reads while the store is caught up begins no other time",
        "streams/key_topic.py",
        "await self._caught_up(self._begun)",
        "await self.catch_up()",
        _LOSS,
    ),
    _sealing(
        "all who miss a key at once share one time",
        "streams/key_topic.py",
        "            if self._ended >= wanted:\n                return\n",
        "",
        _LOSS,
    ),
    _sealing(
        "a store that fell back behind its marks, or was caught up in part, is caught up before it is believed",
        "streams/key_topic.py",
        "return all(marks.get(source, 0) > end for source, end in self._ends.items())",
        "return bool(marks)",
        _LOSS,
    ),
    _sealing(
        "whom a store brings back while their key is destroyed is erased again",
        "streams/key_ring.py",
        "        if known and not known.forgotten:\n",
        "        if False:\n",
        _LOSS,
    ),
    _sealing(
        "what is destroyed is destroyed in a store that comes back, too",
        "streams/key_topic.py",
        "            await self._store.destroy_keys(news, life)\n",
        "",
        _RING,
    ),
    _sealing(
        "what is sent for somebody forgotten is counted",
        "streams/sealed.py",
        "if len(sealed) < len(messages):",
        "if False:",
        _PORTS,
    ),
    _sealing(
        "what nobody can read any more is no broken message",
        "streams/mailboxes.py",
        "        if record.forgotten:\n            continue\n",
        "",
        _TALLY,
    ),
    _sealing(
        "what nobody can read any more is counted",
        "streams/agents.py",
        "self._tally.unreadable([record for record in batch if record.forgotten])",
        "pass",
        _TALLY,
    ),
    _sealing(
        "no key is added where they were destroyed (Redis)",
        "infra/stores/lua/add_keys.lua",
        "if redis.call('SISMEMBER', KEYS[2], mailbox) == 1 then",
        "if false then",
        _STORE,
    ),
    _sealing(
        "no key is added where they were destroyed (SQLite)",
        "infra/stores/sqlite_sealing.py",
        " for mailbox, added in keys.items() if not is_gone(connection, mailbox) for one in added]",
        " for mailbox, added in keys.items() for one in added]",
        _STORE,
    ),
    _sealing(
        "the partition of a sealed mailbox is found",
        "streams/rebuild.py",
        "for key in (mailbox_of(self._key, user), user.encode())}",
        "for key in (user.encode(),)}",
        _REBUILD,
    ),
    _sealing(
        "a destroyed key that an older store brings back is destroyed again",
        "streams/key_ring.py",
        "compact is not None else (catching_up, rolling)",
        "compact is not None else (rolling,)",
        _LOSS,
    ),
    _sealing(
        "that a key is destroyed stands on the topic before its null",
        "streams/key_ring.py",
        "        # 2. Write\n        await self._topic.say_destroyed(mailbox)\n",
        "",
        _LOSS,
    ),
    _sealing(
        "who catches up nulls what is left of a destroyed mailbox",
        "streams/key_topic.py",
        "            await self._null_left(keys, await self._store.add_keys(keys))",
        "            await self._store.add_keys(keys)",
        _LOSS,
    ),
    _sealing(
        "who learns of a destroyed mailbox nulls the keys that it still had",
        "streams/key_topic.py",
        "            await self._null_left(known, dict.fromkeys(news, ()))\n",
        "",
        _LOSS,
    ),
)
