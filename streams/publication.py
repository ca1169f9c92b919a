"""What one user's commit sends out: the new embedding to every provider, the notice of each version."""

from base64 import b64encode
from collections.abc import Collection

from schemas.catalog import CatalogItem
from schemas.interaction import Interaction
from schemas.profile import ProfileChanged, ProfileEmbedding
from streams.topics import CATALOG, PROFILE_EMBEDDINGS, PROFILE_EVENTS
from workers.agent import Change, Folded
from workers.ports import Outgoing
from workers.state import HeldInterest, UserState
from workers.subjects import subject_of


def publication(user: str, folded: Folded, providers: Collection[str], space: str, key: bytes) -> tuple[Outgoing, ...]:
    """Every version is announced; only the last one's embedding is sent, since its topic keeps no other."""
    described = [_description(interaction) for interaction in folded.described]
    if not folded.changes:
        return tuple(described)
    notices = [_notice(user, change) for change in folded.changes]
    last = folded.changes[-1]
    sent = [_embedding(subject_of(key, provider, user), provider, folded.state, last, space) for provider in providers]
    return (*described, *sent, *notices)


def _embedding(subject: str, provider: str, state: UserState, change: Change, space: str) -> Outgoing:
    body = ProfileEmbedding(
        subject=subject,
        provider=provider,
        version=change.version,
        space=space,
        vectors=_in_base64(state.interests),
        weights=tuple(interest.weight for interest in state.interests),
        avoid=_in_base64(state.avoid),
        accepted_ms=change.accepted_ms,
    )
    return Outgoing(PROFILE_EMBEDDINGS, subject.encode(), body.to_bytes())


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
        accepted_ms=change.accepted_ms,
    )
    return Outgoing(PROFILE_EVENTS, user.encode(), body.to_bytes())


def _description(interaction: Interaction) -> Outgoing:
    """An item that only an interaction has described becomes a catalog entry in those words."""
    text = interaction.text or interaction.item
    entry = CatalogItem(provider=interaction.provider, item=interaction.item, title=text[:200].strip(), text=text)
    return Outgoing(CATALOG, entry.key.encode(), entry.to_bytes())
