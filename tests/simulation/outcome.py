"""Whether what came out is right: one check for each promise, on everything that the run has left behind."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator

from pydantic import ValidationError

from schemas.api import SearchBody
from schemas.catalog import CatalogItem, ItemEmbedding, embedding_key, split_catalog_key
from schemas.profile import ProfileChanged, ProfileEmbedding
from streams.messages import parse_message
from streams.sealing import mailbox_of
from streams.topics import CATALOG, INTERACTIONS, ITEM_EMBEDDINGS, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from tests.simulation.agents import KEY
from tests.simulation.encoder import SPACE
from tests.simulation.gone import check_gone, gone_in
from tests.simulation.inputs import PROVIDERS, users_of
from tests.simulation.letters import Letters, check_letters
from tests.simulation.opening import SECRET
from tests.simulation.person import check_edits
from tests.simulation.reading import event_of
from tests.simulation.replay import check_replay
from tests.simulation.world import World
from workers.agent import fold
from workers.errors import UnknownSubject
from workers.knowledge import Knowledge
from workers.mailbox import Event, identity
from workers.mine import is_mine, owner_of
from workers.space import item_text
from workers.standing import described
from workers.state import UserState, decode_state, encode_state
from workers.subjects import subject_of
from workers.vectors import pack


async def check(world: World) -> None:
    """Adds to the world's failures what is wrong."""
    states = {user: decode_state(raw) for user, raw in _records(world).items()}
    letters = Letters.of(world)
    found = world.failures
    found += check_accepted(world)
    found += check_replay(world)
    found += check_letters(world, letters, states)
    found += check_edits(world, letters, states)
    found += check_items(world)
    found += check_notices(world, states)
    found += check_rest(world, states)
    found += check_figures(world, states)
    found += [problem async for problem in check_provider(world, states)]
    found += [problem async for problem in check_gone(world)]
    if world.plan.pure:
        found += check_pure(world)


def check_accepted(world: World) -> Iterator[str]:
    """Nothing that was taken is missing in the log, but what came for people who were forgotten by then. (Compaction
    may take a newer one's forerunner.)"""
    gone = {user.encode() for user in gone_in(world)}
    topics = {message.topic for message in world.accepted} - {CATALOG}
    there = {(topic, record.key, record.value) for topic in topics for record in world.log.all(topic)}
    for message in world.accepted:
        place = message.topic, message.key, message.value
        if message.topic != CATALOG and message.key not in gone and place not in there:
            yield f"an accepted message of {message.topic} is not in the log"


def check_rest(world: World, states: dict[str, UserState]) -> Iterator[str]:
    """Nothing waits in anybody's state that time should have ended."""
    for user, state in states.items() if not world.plan.pure else ():
        if state.waiting:
            yield f"{len(state.waiting)} messages of {user} wait for ever"
        if state.pending_since_ms is not None:
            yield f"{state.pending} interactions of {user} were never fitted"


def check_items(world: World) -> Iterator[str]:
    """The store and the topic hold one vector of each entry that the catalog ends with, of its words, and no other.
    What somebody brought is in the store alone, and only while that person is."""
    entries = _catalog(world)
    stored = world.store.items()
    published = {key.decode(): record.value for key, record in world.log.newest(ITEM_EMBEDDINGS).items()}
    forgiven = _deleted(world) if "deleted items" in world.plan.without else set[str]()
    told = _told_first(world) if world.store.losses and world.trace.faults["compact"] else {}
    if wrong := ({key for key, _ in stored} ^ entries.keys()) - forgiven:
        yield f"the store holds {sorted(wrong)} or lacks them"
    for key, entry in entries.items():
        (vector,) = pack(world.encoder.encode([item_text(entry)]))
        record = stored.get((key, SPACE))
        if record is not None and (record.vector, record.title) != (vector, entry.title):
            yield f"the store's vector or title of {key} is not that of its last words"
        raw = published.pop(embedding_key(SPACE, key), None)
        if (key in forgiven or is_mine(key)) and raw is None:
            continue
        if raw is None or is_mine(key) or ItemEmbedding.model_validate_json(raw).vector not in {vector, told.get(key)}:
            yield f"the published vector of {key} is not that of its last words"
    forgiven = {embedding_key(SPACE, key) for key in forgiven}
    if left := [key for key, value in published.items() if value is not None and key not in forgiven]:
        yield f"embeddings of {left} are published, which no catalog has"


def check_notices(world: World, states: dict[str, UserState]) -> Iterator[str]:
    """Every version was announced, each in the same words however often."""
    announced: dict[tuple[str, int], bytes] = {}
    for record in world.log.all(PROFILE_EVENTS):
        notice = ProfileChanged.model_validate_json(record.value or b"")
        if world.store.losses:  # A version may be lost, and another one made in its place.
            announced[notice.user, notice.version] = record.value or b""
        if announced.setdefault((notice.user, notice.version), record.value or b"") != record.value:
            yield f"version {notice.version} of {notice.user} was announced as two different ones"
    for user, state in states.items():
        if missing := [n for n in range(1, state.version + 1) if (user, n) not in announced]:
            yield f"versions {missing} of {user} were never announced"


async def check_provider(world: World, states: dict[str, UserState]) -> AsyncIterator[str]:
    """What is searched with is the newest version of each profile, as the store has it."""
    provider = world.provider
    assert provider is not None
    published = world.log.newest(PROFILE_EMBEDDINGS)
    for user, state in states.items():
        for name in PROVIDERS if state.version else ():
            subject = subject_of(KEY, name, user)
            try:
                answer = await provider.search(name, SearchBody(subject=subject, k=200))
            except UnknownSubject:
                if not world.plan.cold:
                    yield f"{name} holds nothing of {user}, who has version {state.version}"
                continue
            held = answer.version or 0
            if held > state.version or (held < state.version and not world.plan.cold):
                yield f"{name} searches with version {answer.version} of {user}, who has {state.version}"
            raw = published[subject.encode()].value or b""
            newest = ProfileEmbedding.model_validate_json(raw)
            vectors = tuple(one.vector for one in state.interests)
            if newest.version == state.version and newest.vectors != vectors:
                yield f"{name} was sent other vectors of {user} than the store has"
            if newest.version != answer.version:
                yield f"the newest embedding of {user} in the topic is version {newest.version} of {state.version}"


def check_figures(world: World, states: dict[str, UserState]) -> Iterator[str]:
    """What was consumed has come to an end, each of which is counted, whatever went wrong; and what is counted as
    applied has been (all of it, where no answer was lost)."""
    figures: Counter[str] = Counter()
    for sample in (sample for family in world.metrics.registry.collect() for sample in family.samples):
        stage = sample.labels.get("stage", "agents")
        figures[" ".join([sample.name, sample.labels.get("step", "")]).strip()] += int(
            sample.value * (stage == "agents")
        )
    ends = sum(figures[f"attune_events_{name}_total"] for name in ("applied", "duplicate", "dead_lettered"))
    ends += figures["attune_commands_carried_out_total"]
    waits = figures["attune_events_waits_total begun"] - figures["attune_events_waits_total ended"]
    if figures["attune_events_consumed_total"] != ends + waits:
        yield f"of {figures['attune_events_consumed_total']} consumed {ends} came to an end and {waits} wait"
    events = {(one.message.user, identity(one.message)) for one in _mailbox(world) if one.message.user in states}
    applied = sum(states[user].has_seen(event) for user, event in events)
    counted = figures["attune_events_applied_total"]
    # What was applied and lost is applied, and counted, again; of those who were forgotten nobody can tell any more.
    if gone_in(world):
        return
    if (counted > applied and not world.store.losses) or (world.plan.calm and counted != applied):
        yield f"{counted} interactions were counted as applied, and {applied} were"


def check_pure(world: World) -> Iterator[str]:
    """To the byte what one fold of the whole mailbox gives, without a store, a log or a worker."""
    known = Knowledge(space=SPACE)
    items = {key: record for (key, _), record in world.store.items().items()}
    known.learn_items({*items}, items)
    texts = {phrase for record in items.values() for phrase in record.phrases}
    known.learn_phrases(texts, dict(zip(texts, pack(world.encoder.encode_interests(list(texts))), strict=True)))
    records = _records(world)
    for user in users_of(world.plan):
        mailbox = [event for event in _mailbox(world) if event.message.user == user]
        if not mailbox:
            continue
        expected = encode_state(fold(None, mailbox, known, world.rules, parse_message).state)
        if records.get(user) != expected:
            yield f"the profile of {user} is not what its mailbox comes to"


def _records(world: World) -> dict[str, bytes]:
    users = world.store.read(users_of(world.plan), (), SPACE).users
    there = (user for user in users_of(world.plan) if user in users and not users[user].forgotten)
    return {user: users[user].state or b"" for user in there}


def _mailbox(world: World) -> Iterator[Event]:
    for record in world.log.all(INTERACTIONS):
        if (event := event_of(record)) is not None:
            yield event


def _catalog(world: World) -> dict[str, CatalogItem]:
    """What the catalog ends with: what the provider has said last; of an item that it never spoke of, what was said of
    it first (of which the log cleaner may have left only a later one, before anybody had read it)."""
    entries: dict[str, CatalogItem] = {}
    first: dict[str, CatalogItem] = {}
    titles = {key: record.title for (key, _), record in world.store.items().items()}
    for record in (record for record in world.log.written if record.topic == CATALOG):
        key = (record.key or b"").decode()
        if record.value is None:
            entries.pop(key, None)
            continue
        try:
            entry = CatalogItem.model_validate_json(record.value)
        except ValidationError:
            continue
        if entry.described_ms is None:
            entries[entry.key] = entry
        elif (
            entry.key not in first
            or _first_of(entry) < _first_of(first[entry.key])
            or (world.trace.faults["compact"] and titles.get(entry.key) == entry.title)
        ):
            first[entry.key] = entry
    gone = {mailbox_of(SECRET, user) for user in gone_in(world)}
    return {key: entry for key, entry in first.items() if owner_of(key) not in gone} | entries


def _told_first(world: World) -> dict[str, bytes]:
    """The vectors of what was ever said first of items that only persons described. Readers keep the first; where it
    had been embedded before the log cleaner took it, and then the store was lost, the store has a later one."""
    first: dict[str, CatalogItem] = {}
    for record in world.log.written:
        is_told, _ = split_catalog_key((record.key or b"").decode()) if record.topic == CATALOG else (False, "")
        if not is_told or record.value is None:
            continue
        entry = CatalogItem.model_validate_json(record.value)
        if entry.key not in first or _first_of(entry) < _first_of(first[entry.key]):
            first[entry.key] = entry
    return {key: pack(world.encoder.encode([item_text(entry)]))[0] for key, entry in first.items()}


def _deleted(world: World) -> set[str]:
    """Items that their provider has ever taken out."""
    gone = (one for one in world.log.written if one.topic == CATALOG and one.value is None)
    return {(record.key or b"").decode() for record in gone}


def _first_of(entry: CatalogItem) -> str:
    """Of two in one millisecond the text decides."""
    return described(entry.described_ms or 0, entry.text or entry.title)
