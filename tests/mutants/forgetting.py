"""The guards of forgetting: that everything of a person goes, in an order that survives a crash, and stays away."""

from tests.mutants.mutation import Mutation

_ERASURE = "tests/streams/test_erasure.py"
_BOOK = "tests/streams/test_erasure_book.py"
_CONFIRMING = "tests/streams/test_confirming.py"
_PRESENCE = "tests/streams/test_presence.py"
_PROVIDER = "streams/provider.py"
_STORE = "tests/contract/test_store_forgetting.py"
_AUDIT = "tests/infra/audit/test_audit.py"
_NEEDLES = "tests/infra/audit/test_needles.py"


def _forgetting(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(8, guard, file, old, new, tests)


FORGETTING: tuple[Mutation, ...] = (
    _forgetting(
        "whoever holds an embedding of the person is told",
        "streams/erasure.py",
        "    await producer.send([Outgoing(PROFILE_EMBEDDINGS, one.encode(), None) for one in subjects.values()])\n",
        "",
        _ERASURE,
    ),
    _forgetting(
        "the person's key is destroyed",
        "streams/erasure.py",
        "            await self.keys.destroy(user)\n",
        "            pass\n",
        _ERASURE,
    ),
    _forgetting(
        "nobody is erased before it is known which providers there are",
        "streams/erasure.py",
        "            await self.providers_are_known()\n",
        "            pass\n",
        _ERASURE,
    ),
    _forgetting(
        "whom the store has forgotten to have forgotten is no new person",
        "streams/agents.py",
        "gone = await self._erasure.remember(mailboxes.keys() - snapshot.users.keys())",
        "gone: set[str] = set()",
        _ERASURE,
    ),
    _forgetting(
        "a store that lost a tombstone has it back before nobody can tell whose the key was",
        "streams/key_topic.py",
        "            await self._erase_owners(news)\n",
        "",
        _ERASURE,
    ),
    _forgetting(
        "what else the mailbox of somebody holds who is forgotten is not folded",
        "streams/agents.py",
        "self._tally.erased(left.pop(user))",
        "self._tally.erased(left[user])",
        _ERASURE,
    ),
    _forgetting(
        "a provider without an item is told, too",
        "infra/stores/sqlite.py",
        "return sqlite_items.providers_ever(connection)",
        "return sqlite_items.providers(connection)",
        _STORE,
    ),
    _forgetting(
        "what was deleted leaves the write-ahead log",
        "infra/stores/sqlite.py",
        "self._unshed = not await self._database.truncate()",
        "self._unshed = False",
        _STORE,
    ),
    _forgetting(
        "words that somebody typed are kept by a digest",
        "infra/stores/codec.py",
        "return sha256(text.encode()).digest()[:16]",
        "return text.encode()",
        _STORE,
    ),
    _forgetting(
        "a reader confirms what it read in a batch that failed",
        "streams/provider.py",
        "        await self._confirming.send()\n",
        "",
        _CONFIRMING,
    ),
    _forgetting(
        "a reader that starts does not confirm what nobody waits for",
        "streams/confirming.py",
        "at_ms >= self._now() * 1000 - AWAITED_MS and",
        "",
        _CONFIRMING,
    ),
    _forgetting(
        "an erasure is complete when everybody has confirmed",
        "streams/erasure_book.py",
        'state="complete" if not missing else',
        'state="complete" if dropped else',
        _BOOK,
    ),
    _forgetting(
        "only what is complete is signed",
        "streams/erasure_book.py",
        'if status.state == "complete" else status',
        "if status else status",
        _BOOK,
    ),
    _forgetting(
        "all of a status is signed",
        "streams/signatures.py",
        'exclude={"signature"}',
        'include={"state"}',
        _BOOK,
    ),
    _forgetting(
        "an audit opens what can be opened",
        "infra/audit/topics.py",
        "if opened is not record and mailbox_in(record) == mailbox:",
        "if False:",
        _AUDIT,
    ),
    _forgetting(
        "an audit reads across the pieces of a file",
        "infra/audit/files.py",
        "            before = piece[-overlap:]\n",
        "",
        _AUDIT,
    ),
    _forgetting(
        "an audit looks at the names of files",
        "infra/audit/files.py",
        "place.look(is_named or any(",
        "place.look(any(",
        _AUDIT,
    ),
    _forgetting(
        "an audit tells a file without whom it is named after",
        "infra/audit/files.py",
        "where = needles.hidden(str(path))",
        "where = str(path)",
        _AUDIT,
    ),
    _forgetting(
        "an audit unpacks what it finds",
        "infra/audit/needles.py",
        "return depth > 0 and any(self.are_in(inner, depth - 1) for inner in _unpacked(data))",
        "return False",
        _NEEDLES,
    ),
    _forgetting(
        "of a forgotten subject nothing comes back",
        "streams/provider.py",
        "if self._gone.of(subject, record.timestamp_ms) is not None:",
        "if False:",
        "tests/streams/test_healing_late.py",
    ),
    _forgetting(
        "every reader that was there must confirm",
        "streams/erasure_book.py",
        "if any(one not in receipts and until >= now for one, until in there.items()):",
        "if not receipts:",
        _PRESENCE,
    ),
    _forgetting(
        "one that is gone is not waited for without end",
        "streams/erasure_book.py",
        " and until >= now for",
        " for",
        _PRESENCE,
    ),
    _forgetting(
        "what a woken one says changes nothing that is complete",
        "streams/erasure_book.py",
        "one in receipts and receipts[one] <= until]",
        "one in receipts]",
        _PRESENCE,
    ),
    _forgetting(
        "a reader says that it is there before it holds anything",
        _PROVIDER,
        "        await self._confirming.begin()\n",
        "",
        _PRESENCE,
    ),
    _forgetting(
        "one whose time has run out answers from nothing it holds",
        _PROVIDER,
        "None if self._confirming.is_over else shelf.subject(body.subject)",
        "shelf.subject(body.subject)",
        _PRESENCE,
    ),
    _forgetting(
        "nor from what it held before it says again that it is there",
        _PROVIDER,
        "                    shelf.drop_all()\n",
        "                    pass\n",
        _PRESENCE,
    ),
    _forgetting(
        "clocks that differ let nobody out of sight",
        "streams/presence.py",
        "if stay.since - SKEW <= moment <= stay.until + SKEW",
        "if stay.since <= moment <= stay.until",
        _PRESENCE,
    ),
)
