"""The guards of order: one writer wins, the newer counts, and a fold depends on nothing but its mailbox."""

from tests.mutants.mutation import Mutation

_PROPOSALS = "tests/workers/test_agent_proposals.py"
_STORE = "tests/contract/test_store.py"
_JOBS = "tests/contract/test_store_jobs.py"
_ITEMS = "tests/contract/test_store_items.py"
_TOLD = "tests/streams/test_descriptions.py"
_HEAL = "tests/streams/test_healing.py"


def _writer(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(3, guard, file, old, new, tests)


def _fold(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(4, guard, file, old, new, tests)


ORDERING: tuple[Mutation, ...] = (
    _writer(
        "a commit on another revision writes nothing (SQLite)",
        "infra/stores/sqlite_users.py",
        "WHERE user = ? AND revision = ?",
        "WHERE user = ? AND revision <> ? + 1",
        _STORE,
    ),
    _writer(
        "a commit on another revision writes nothing (Redis)",
        "infra/stores/lua/commit_users.lua",
        "elseif (redis.call('HGET', record, 'rev') or '0') ~= expected then",
        "elseif false then",
        _STORE,
    ),
    _writer(
        "whoever lost the lease cannot end the job (Redis)",
        "infra/stores/lua/finish_job.lua",
        "if redis.call('HGET', KEYS[1], 'token') ~= ARGV[2] then",
        "if false then",
        _JOBS,
    ),
    _writer(
        "an older worker's proposal comes too late",
        "workers/proposals.py",
        "if proposal.fencing_token < state.refine.token:",
        "if False:",
        _PROPOSALS,
    ),
    _writer(
        "who is handed an older version sends the newer again",
        "streams/provider.py",
        "if newest is not None and embedding.version < newest.version:",
        "if False:",
        _HEAL,
    ),
    _writer(
        "an older entry of an item does not overwrite a newer one (SQLite)",
        "infra/stores/sqlite_items.py",
        "if found is not None and not gives_way(standing_of(found[0]), record.standing):",
        "if False:",
        _ITEMS,
    ),
    _writer(
        "an older item does not overwrite a newer one (Redis)",
        "infra/stores/lua/put_items.lua",
        "if stored and not gives_way(standing_of(stored), standing) or gone",
        "if gone",
        _ITEMS,
    ),
    _writer(
        "an older tombstone does not delete a newer item (Redis)",
        "infra/stores/lua/put_items.lua",
        "if is_taken_away(standing_of(stored[field + 1]), standing) then",
        "if true then",
        _ITEMS,
    ),
    _writer(
        "an older tombstone does not delete a newer item (SQLite)",
        "infra/stores/sqlite_items.py",
        "for space, packed in found if is_taken_away(standing_of(packed), tombstone)]",
        "for space, packed in found]",
        _ITEMS,
    ),
    _writer(
        "what was taken before a tombstone comes too late (Redis)",
        "infra/stores/lua/put_items.lua",
        "local gone = standing ~= '' and redis.call('ZSCORE', KEYS[3], name)",
        "local gone = false",
        _ITEMS,
    ),
    _writer(
        "what was taken before a tombstone comes too late (SQLite)",
        "infra/stores/sqlite_items.py",
        "if gone is not None and comes_too_late(record.standing, gone[0]):",
        "if False:",
        _ITEMS,
    ),
    _writer(
        "an embedder that fell behind publishes nothing",
        "streams/embedder.py",
        "if one.key not in kept",
        "if one.key",
        _TOLD,
    ),
    _writer(
        "what was deleted while it was published gets its tombstone again",
        "streams/embedder.py",
        "await self._take_back(_public(entries.keys() - kept))",
        "pass",
        _TOLD,
    ),
    _writer(
        "a tombstone takes back what was to be sent",
        "streams/healing.py",
        'self._wanted.pop((record.topic, record.key or b""), None)',
        "pass",
        _HEAL,
    ),
    _writer(
        "what was made before a tombstone and comes behind it is taken away again",
        "streams/provider.py",
        "if held is None and is_late:",
        "if False:",
        "tests/streams/test_healing_late.py",
    ),
    _writer(
        "an older tombstone that comes once more takes nothing away",
        "streams/provider.py",
        "if room is not None and held is not None and room.outlives(",
        "if False and room.outlives(",
        "tests/streams/test_healing_late.py",
    ),
    _writer(
        "the provider keeps the item that counts",
        "streams/provider.py",
        "elif held is None or (not is_late and gives_way(held.standing or NONE, embedding.standing or NONE)):",
        "elif True:",
        _HEAL,
    ),
    _fold(
        "the window is in the order of event time",
        "workers/window.py",
        "return entry.time_ms, entry.event",
        "return 0, entry.event",
        "tests/workers/test_agent_order.py",
    ),
    _fold(
        "evidence fades by event time and not by arrival",
        "workers/evidence.py",
        "fade((newest - times).astype(np.float64), half_life_days)",
        "fade((newest - times[0:1]).astype(np.float64), half_life_days)",
        "tests/workers/test_agent_order.py",
    ),
    _fold(
        "nothing fades backwards",
        "workers/refit.py",
        "return max(newest, state.past_ms) if state.past.mass else newest",
        "return newest",
        "tests/workers/test_agent_order.py tests/workers/test_agent_retraction.py tests/workers/test_refit.py",
    ),
    _fold(
        "a mailbox over three topics has one order",
        "streams/mailboxes.py",
        "return list(heapq.merge(*sources.values(), key=_place))",
        "return list(mailbox)",
        "tests/streams/test_mailboxes.py",
    ),
)
