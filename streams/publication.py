"""What one user's commit sends out: the new embedding to every provider, the notice of each version."""

from base64 import b64encode
from collections.abc import Collection, Mapping

from schemas.catalog import CatalogItem, description_key
from schemas.interaction import Interaction
from schemas.profile import ProfileChanged, ProfileEmbedding
from streams.sealing import is_theirs
from streams.topics import CATALOG, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from workers.mailbox import Change, Folded
from workers.ports import Outgoing
from workers.state import HeldInterest, UserState
from workers.subjects import subject_of


def publication(user: str, folded: Folded, providers: Collection[str], space: str, key: bytes) -> tuple[Outgoing, ...]:
    """Every version is announced; only the last one's embedding is sent, since its topic keeps no other. An item that
    another person brought is not described."""
    described = [_description(one, at) for one, at in folded.described if is_theirs(key, one)]
    if not folded.changes:
        return tuple(described)
    notices = [_notice(user, change) for change in folded.changes]
    subjects = {provider: subject_of(key, provider, user) for provider in providers}
    return (*described, *_embeddings(subjects, folded.state, folded.changes[-1], space), *notices)


def _embeddings(subjects: Mapping[str, str], state: UserState, change: Change, space: str) -> list[Outgoing]:
    """One for each provider. They differ in two words, so the vectors are checked once and not with every copy."""
    if not subjects:
        return []
    (provider, subject), *_ = subjects.items()
    body = _embedding(subject, provider, state, change, space)
    copies = [body.model_copy(update={"provider": provider, "subject": one}) for provider, one in subjects.items()]
    return [Outgoing(PROFILE_EMBEDDINGS, copy.subject.encode(), copy.to_bytes()) for copy in copies]


def _embedding(subject: str, provider: str, state: UserState, change: Change, space: str) -> ProfileEmbedding:
    return ProfileEmbedding(
        subject=subject,
        provider=provider,
        version=change.version,
        space=space,
        vectors=_in_base64(state.interests),
        weights=tuple(interest.weight for interest in state.interests),
        avoid=_in_base64(state.avoid),
        keep_away=state.keep_away,
        accepted_ms=change.accepted_ms,
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
