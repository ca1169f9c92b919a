"""The guards of a provider's own space: nothing of a person is lost on the way there and back, and no vector is
mistaken for one of another space."""

from tests.mutants.mutation import Mutation

_VIEWS = "tests/streams/test_own_views.py"
_PUBLISHER = "tests/streams/test_publisher.py"
_SEEN = "tests/workers/test_seen.py"
_SERVICE = "tests/streams/test_own_space.py"


def _lost(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(2, guard, file, old, new, tests)


OWN_SPACES: tuple[Mutation, ...] = (
    _lost(
        "who lacks a word there is listed in the very commit",
        "streams/own_views.py",
        "now if space in lack else None",
        "None",
        _VIEWS,
    ),
    _lost(
        "who was published there leaves the list",
        "streams/own_views.py",
        "now if space in lack else None",
        "now",
        _VIEWS,
    ),
    _lost(
        "a re-fit without a version is published in the own space, too",
        "streams/own_views.py",
        "(folded.changes or folded.publish or folded.refits)",
        "(folded.changes or folded.publish)",
        _VIEWS,
    ),
    _lost(
        "a space that is not known here is one that lacks everything",
        "streams/own_views.py",
        "if space in spaces]",
        "]",
        _VIEWS,
    ),
    _lost(
        "nothing is published before the pointer was read",
        "streams/agents.py",
        "        self.spaces.require_told()\n",
        "",
        _VIEWS,
    ),
    _lost(
        "what a provider lacks is not sent to it in the common space",
        "streams/publication.py",
        "        if state is not None:",
        "        state = state or common\n        if state is not None:",
        _VIEWS,
    ),
    _lost(
        "a profile with a word that has no vector there is not published without it",
        "workers/seen.py",
        "if len(words) < len(texts) or items.keys() - there.keys():",
        "if items.keys() - there.keys():",
        _SEEN,
    ),
    _lost(
        "an item that is not embedded there yet is not taken for one that is gone",
        "workers/seen.py",
        "if len(words) < len(texts) or items.keys() - there.keys():",
        "if len(words) < len(texts):",
        _SEEN,
    ),
    Mutation(
        5,
        "what a person removed is no evidence in another space",
        "workers/seen.py",
        "if key not in gone}",
        "}",
        _SEEN,
    ),
    Mutation(
        5,
        "a profile is told in its own order",
        "workers/seen.py",
        "vector=fitted[one.id].vector) for one in state.interests",
        "vector=fitted[one.id].vector) for one in result.interests",
        _SEEN,
    ),
    Mutation(
        5,
        "the texts of a profile are its own in another space",
        "workers/seen.py",
        "    return one._replace(source=Source.REFINEMENT) if one.source is Source.BOOTSTRAP else one",
        "    return one",
        _SEEN,
    ),
    _lost(
        "words are embedded before an agent is asked",
        "streams/asking.py",
        "            await self._store.put_phrases(space, dict(zip(new, vectors, strict=True)))",
        "            pass",
        _PUBLISHER,
    ),
    _lost(
        "nobody is asked before every process knows",
        "streams/own_space.py",
        "(cut := _cut(one, self._grace)) < self._now()]",
        "(cut := _cut(one, self._grace))]",
        _PUBLISHER,
    ),
    _lost(
        "a provider is not done while somebody lacks something",
        "streams/own_space.py",
        "    if one.is_served:\n        left +=",
        "    if False:\n        left +=",
        _PUBLISHER,
    ),
    _lost(
        "it is served there only once its catalog is embedded",
        "streams/own_space.py",
        "if new and await self._lag() == 0:",
        "if new:",
        _PUBLISHER,
    ),
    _lost(
        "a space that another provider has is not swept",
        "streams/own_space.py",
        " - {one.space.id for one in own}",
        "",
        _PUBLISHER,
    ),
    _lost(
        "an operator's word is not overwritten by a publisher",
        "streams/own_space.py",
        "update=changes) if one in those else one for",
        "update=changes) if one.provider in {it.provider for it in those} else one for",
        _PUBLISHER,
    ),
    _lost(
        "a space is one provider's own or everybody's",
        "streams/own_space.py",
        "    _refuse_common(pointer, space.id)\n",
        "",
        "tests/infra/test_gateway_spaces.py",
    ),
    _lost(
        "the same version in another space is taken",
        "streams/shelves.py",
        "or (one.version == held.version and one.space != held.space)",
        "",
        _SERVICE + "::test_another_provider_comes_into_the_same_space_long_after",
    ),
    _lost(
        "what has gone by is read once more",
        "streams/provider.py",
        "        await self._second_reading.read(serving, self.handle)\n",
        "",
        _SERVICE + "::test_another_provider_comes_into_the_same_space_long_after",
    ),
    _lost(
        "the same version in another space is sent to who holds it in the first",
        "streams/readers.py",
        "(sent.version == held.version and sent.space == held.space)",
        "sent.version == held.version",
        "tests/streams/test_readers.py",
    ),
)
