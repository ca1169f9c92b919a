"""What one user's commit sends out: the new embedding to every provider, the notice of each version."""

from base64 import b64encode
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

from schemas.catalog import CatalogItem, description_key
from schemas.interaction import Interaction
from schemas.profile import ProfileChanged, ProfileEmbedding
from streams.sealing import is_theirs
from streams.topics import CATALOG, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from workers.mailbox import Change, Folded
from workers.ports import Outgoing
from workers.state import HeldInterest, UserState
from workers.subjects import subject_of

Seen = Mapping[str, UserState | None]
"""The profile as providers with a space of their own see it; None where something is lacking there yet, and they keep
what they have."""


def publication(
    user: str, folded: Folded, providers: Collection[str], space: str, key: bytes, seen: Seen = MappingProxyType({})
) -> tuple[Outgoing, ...]:
    """Every version is announced; only the last one's embedding is sent, since its topic keeps no other. Without a new
    version those of `seen` alone get one, which says the same again, or says it in another space. An item that another
    person brought is not described."""
    described = [_description(one, at) for one, at in folded.described if is_theirs(key, one)]
    at = [*filter(providers.__contains__, seen)] if not folded.changes else providers
    embeddings = [
        one
        for state, some in _by_profile(at, folded.state, seen)
        for one in _embeddings({one: subject_of(key, one, user) for one in some}, state, folded, space)
    ]
    return (*described, *embeddings, *(_notice(user, change) for change in folded.changes))


def _by_profile(providers: Iterable[str], common: UserState, seen: Seen) -> list[tuple[UserState, list[str]]]:
    """Which profile goes to whom, in the order of the providers; nothing to those that lack something of it."""
    groups: dict[int, tuple[UserState, list[str]]] = {}
    for provider in providers:
        state = seen.get(provider, common)
        if state is not None:
            groups.setdefault(id(state), (state, []))[1].append(provider)
    return list(groups.values())


def _embeddings(subjects: Mapping[str, str], state: UserState, folded: Folded, space: str) -> list[Outgoing]:
    """One for each provider. They differ in two words, so the vectors are checked once and not with every copy."""
    (provider, subject), *_ = subjects.items()
    body = _embedding(subject, provider, state, folded, space)
    copies = [body.model_copy(update={"provider": provider, "subject": one}) for provider, one in subjects.items()]
    return [Outgoing(PROFILE_EMBEDDINGS, copy.subject.encode(), copy.to_bytes()) for copy in copies]


def _embedding(subject: str, provider: str, state: UserState, folded: Folded, space: str) -> ProfileEmbedding:
    accepted_ms = folded.changes[-1].accepted_ms if folded.changes else state.refitted_ms or 0
    return ProfileEmbedding(
        subject=subject,
        provider=provider,
        version=state.version,
        space=state.space or space,
        vectors=_in_base64(state.interests),
        weights=tuple(interest.weight for interest in state.interests),
        avoid=_in_base64(state.avoid),
        keep_away=state.keep_away,
        accepted_ms=accepted_ms,
    )


def _in_base64(interests: tuple[HeldInterest, ...]) -> tuple[bytes, ...]:
    """The model takes base64 and keeps the bytes behind it."""
    return tuple(b64encode(interest.vector) for interest in interests)


def _notice(user: str, change: Change) -> Outgoing:
    body = ProfileChanged(
        user=user,
        version=change.version,
        cause=change.cause,
        interests=change.interests,
        events=change.events,
        reward_before=change.reward_before,
        reward_after=change.reward_after,
        accepted_ms=change.accepted_ms,
    )
    return Outgoing(PROFILE_EVENTS, user.encode(), body.to_bytes())


def _description(interaction: Interaction, accepted_ms: int) -> Outgoing:
    """An item that only an interaction has described becomes a catalog entry in those words, under a key of its own:
    whatever the provider says of it counts before that."""
    # What stands for nothing (blanks) must not become a title of nothing, which no reader would take.
    text = (interaction.text or "").strip() or interaction.item
    entry = CatalogItem(
        provider=interaction.provider,
        item=interaction.item,
        title=text[:200].strip(),
        text=text,
        described_ms=accepted_ms,
    )
    return Outgoing(CATALOG, description_key(entry.key).encode(), entry.to_bytes())
