"""What every store does for one user: one atomic step a commit, one writer wins, forgotten means gone."""

import asyncio

import pytest

from tests.contract.stores import (
    COMMITTED,
    CONFLICT,
    FORGOTTEN,
    NOW,
    SPACE,
    commit,
    item,
    message,
    set_times,
    user_of,
)
from workers.ports import Outgoing, Partition, Store, UserCommit, UserRecord

ODD_NAMES = ["a{b}c", "with space", "colon:colon", "jalapeño", "用户", "🦉", "'; DROP TABLE users --", '"', "x" * 128]


async def test_what_the_store_does_not_know_is_absent(store: Store) -> None:
    snapshot = await store.read(["nobody"], ["news:1"], SPACE)
    assert (snapshot.users, snapshot.items, snapshot.providers) == ({}, {}, ())


async def test_a_commit_is_read_back_byte_for_byte(store: Store) -> None:
    state = bytes(range(256)) * 8
    outbox = (Outgoing("t", b"\x00\xfe", b"\r\n$-1\r\n"), Outgoing("t", b"k", None), Outgoing("u", b"", b""))
    assert await commit(store, UserCommit("ann", 0, state, outbox)) is COMMITTED
    assert await user_of(store, "ann") == UserRecord(1, state, outbox)


async def test_revisions_count_up_and_the_outbox_keeps_its_order(store: Store) -> None:
    for revision in range(12):  # past 9, so that text order and number order differ
        both = (message(f"{revision}a"), message(f"{revision}b"))
        assert await commit(store, UserCommit("ann", revision, b"%d" % revision, both)) is COMMITTED
    record = await user_of(store, "ann")
    assert record is not None
    assert (record.revision, record.state) == (12, b"11")
    assert [sent.value for sent in record.outbox] == [f"{n}{x}".encode() for n in range(12) for x in "ab"]


async def test_the_same_message_twice_stands_twice_in_the_outbox(store: Store) -> None:
    await commit(store, UserCommit("ann", 0, b"", (message(), message())))
    await commit(store, UserCommit("ann", 1, b"", (message(),)))
    assert await user_of(store, "ann") == UserRecord(2, b"", (message(),) * 3)


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_a_commit_on_another_revision_writes_nothing_at_all(store: Store, expected: int) -> None:
    await store.commit([UserCommit("ann", 0, b"one"), UserCommit("bob", 0, b"bob")])
    await commit(store, UserCommit("ann", 1, b"two"))
    change = UserCommit("ann", expected, b"three", (message(),), {"refit": NOW - 1, "refitted": NOW}, b"job")
    assert await commit(store, change) is CONFLICT
    assert await user_of(store, "ann") == UserRecord(2, b"two")
    assert await store.pending() == []
    assert await store.claim_due("refit", NOW, 10, 60) == []
    assert await store.count_times("refitted", []) == [0]
    assert await store.claim_job(NOW, 60) is None


async def test_a_first_commit_must_expect_nothing(store: Store) -> None:
    assert await commit(store, UserCommit("ann", 5, b"from before a loss")) is CONFLICT
    assert await user_of(store, "ann") is None


async def test_the_conflict_of_one_leaves_the_others(store: Store) -> None:
    users = [f"user-{number}" for number in range(100)]
    await store.commit([UserCommit(user, 0, b"one") for user in users])
    late = set(users[::7])
    outcomes = await store.commit([UserCommit(user, 0 if user in late else 1, b"two") for user in users])
    assert outcomes == [CONFLICT if user in late else COMMITTED for user in users]
    records = (await store.read(users, [], SPACE)).users
    assert {user for user, record in records.items() if record.state == b"one"} == late


async def test_two_writers_at_once_one_wins(store: Store) -> None:
    for revision in range(20):
        attempts = (commit(store, UserCommit("ann", revision, b"%d" % writer)) for writer in range(4))
        outcomes = await asyncio.gather(*attempts)
        assert sorted(one.value for one in outcomes) == ["committed", "conflict", "conflict", "conflict"]
        record = await user_of(store, "ann")
        assert record is not None
        assert record.state == b"%d" % outcomes.index(COMMITTED)


async def test_one_user_twice_in_a_batch_is_two_steps_in_order(store: Store) -> None:
    steps = [UserCommit("ann", 0, b"one"), UserCommit("ann", 1, b"two"), UserCommit("ann", 1, b"late")]
    assert await store.commit(steps) == [COMMITTED, COMMITTED, CONFLICT]
    assert await user_of(store, "ann") == UserRecord(2, b"two")


async def test_forgotten_means_gone_and_nothing_comes_back(store: Store) -> None:
    everything = UserCommit("ann", 0, b"state", (message(),), {"refit": NOW, "refitted": NOW, "other": 1.0}, b"job")
    await store.commit([everything, UserCommit("bob", 0, b"bob", (message(),), {"refit": NOW}, b"bob's")])
    await store.claim_due("other", NOW, 10, 60)
    await store.forget("ann")
    assert await user_of(store, "ann") == UserRecord(forgotten=True)
    for revision in (0, 1):
        assert (
            await commit(store, UserCommit("ann", revision, b"back", (message(),), {"refit": 1.0}, b"j")) is FORGOTTEN
        )
    assert await user_of(store, "ann") == UserRecord(forgotten=True)
    assert await store.pending() == ["bob"]
    assert [due.user for due in await store.claim_due("refit", NOW, 10, 60)] == ["bob"]
    assert await store.count_times("refitted", []) == await store.count_times("other", []) == [0]
    job = await store.claim_job(NOW, 60)
    assert job is not None
    assert job.user == "bob"
    assert await store.claim_job(NOW, 60) is None


async def test_a_job_in_somebodys_hands_cannot_be_finished_for_a_forgotten_user(store: Store) -> None:
    await commit(store, UserCommit("ann", 0, b"", job=b"job"))
    job = await store.claim_job(NOW, 60)
    assert job is not None
    await store.forget("ann")
    assert not await store.finish_job("ann", job.token)
    assert await store.claim_job(NOW + 100, 60) is None


async def test_whoever_was_never_known_can_be_forgotten_too(store: Store) -> None:
    await store.forget("ann")
    await store.forget("ann")
    assert await commit(store, UserCommit("ann", 0, b"state")) is FORGOTTEN


async def test_trim_drops_up_to_a_revision_only(store: Store) -> None:
    for revision in range(3):
        sent = (message(f"{revision}a"), message(f"{revision}b"))
        await store.commit([UserCommit(user, revision, b"", sent) for user in ("ann", "bob")])
    await store.trim({"ann": 2, "nobody": 9})
    records = (await store.read(["ann", "bob"], [], SPACE)).users
    assert [sent.value for sent in records["ann"].outbox] == [b"2a", b"2b"]
    assert len(records["bob"].outbox) == 6


async def test_pending_names_users_with_an_outbox(store: Store) -> None:
    await store.commit([UserCommit("ann", 0, b"", (message(),)), UserCommit("bob", 0, b"", (message(),))])
    await store.commit([UserCommit("eve", 0, b"no messages"), UserCommit("ann", 1, b"", (message(),))])
    assert sorted(await store.pending()) == ["ann", "bob"]
    await store.trim({"ann": 1, "bob": 1})
    assert await store.pending() == ["ann"]
    await store.trim({"ann": 2})
    assert await store.pending() == []


async def test_marks_rise_only(store: Store) -> None:
    first, second = Partition("attune.interactions", 0), Partition("attune.interactions", 11)
    assert await store.marks([first, second]) == {}
    await store.commit([], {first: 9})
    await store.commit([UserCommit("ann", 0, b"")], {first: 10, second: 2**53 - 1})
    await store.commit([], {first: 3, second: 2**53 - 2})
    assert await store.marks([first, second, Partition("attune.commands", 0)]) == {first: 10, second: 2**53 - 1}
    assert await store.marks([]) == {}


async def test_a_read_brings_the_marks_of_the_partitions_it_names(store: Store) -> None:
    first, second = Partition("attune.interactions", 0), Partition("attune.interactions", 11)
    await store.commit([UserCommit("ann", 0, b"state")], {first: 9, second: 4})
    await store.put_items([item("news:1")])
    snapshot = await store.read(["ann"], ["news:1"], SPACE, [second, Partition("attune.commands", 11), first])
    assert snapshot.marks == {first: 9, second: 4}
    assert snapshot.users == {"ann": UserRecord(1, b"state")}
    assert snapshot.items == {"news:1": item("news:1")}
    assert (await store.read(["ann"], [], SPACE)).marks == {}


async def test_a_mark_below_its_floor_is_left_to_show_the_loss(store: Store) -> None:
    lost, kept, new = (Partition("attune.interactions", number) for number in range(3))
    await store.commit([], {kept: 7})
    floors = {lost: 5, kept: 7, new: 0}
    assert await store.commit([UserCommit("ann", 0, b"state")], {lost: 9, kept: 9, new: 9}, floors) == [COMMITTED]
    assert await store.marks([lost, kept, new]) == {kept: 9, new: 9}
    await store.commit([], {kept: 12}, {kept: 10})
    assert await store.marks([kept]) == {kept: 9}


async def test_nothing_asked_is_nothing_done(store: Store) -> None:
    assert await store.commit([]) == []
    await store.trim({})
    await store.put_items([])
    await store.put_phrases(SPACE, {})
    assert await store.read_phrases(SPACE, []) == {}
    assert (await store.read([], [], SPACE)).users == {}


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_any_printable_name_will_do(store: Store, name: str) -> None:
    change = UserCommit(name, 0, b"state", (message(),), {"refit": NOW}, b"job")
    assert await commit(store, change) is COMMITTED
    await store.put_items([item(f"news:{name}")])
    snapshot = await store.read([name], [f"news:{name}"], SPACE)
    assert snapshot.users == {name: UserRecord(1, b"state", (message(),))}
    assert snapshot.items == {f"news:{name}": item(f"news:{name}")}
    assert await store.pending() == [name]
    assert [due.user for due in await store.claim_due("refit", NOW, 1, 60)] == [name]
    job = await store.claim_job(NOW, 60)
    assert job is not None
    assert job.user == name
    assert await store.finish_job(name, job.token)
    await store.forget(name)
    assert await user_of(store, name) == UserRecord(forgotten=True)


async def test_a_thousand_users_and_items_in_one_read(store: Store) -> None:
    users = [f"user-{number}" for number in range(1000)]
    items = [item(f"news:{number}") for number in range(1000)]
    await store.put_items(items)
    assert set(await store.commit([UserCommit(user, 0, user.encode(), (message(user),)) for user in users])) == {
        COMMITTED
    }
    snapshot = await store.read([*users, *users], [record.key for record in items], SPACE)
    assert snapshot.users == {user: UserRecord(1, user.encode(), (message(user),)) for user in users}
    assert snapshot.items == {record.key: record for record in items}


async def test_big_states(store: Store) -> None:
    states = {f"user-{number}": bytes([number]) * 200_000 for number in range(20)}
    for revision in range(2):
        await store.commit([UserCommit(user, revision, state) for user, state in states.items()])
    records = (await store.read(states, [], SPACE)).users
    assert {user: record.state for user, record in records.items()} == states


async def test_times_of_one_user_are_set_cleared_and_left(store: Store) -> None:
    await commit(store, UserCommit("ann", 0, b"", times={"refit": NOW, "waiting": NOW, "refitted": NOW}))
    await commit(store, UserCommit("ann", 1, b"", times={"refit": None, "waiting": NOW + 5}))
    assert await store.count_times("refit", []) == [0]
    assert await store.count_times("waiting", [NOW, NOW + 5]) == [0, 0, 1]
    assert await store.count_times("refitted", [NOW]) == [0, 1]
    await set_times(store, "waiting", [("ann", None)])
    assert await store.count_times("waiting", []) == [0]
