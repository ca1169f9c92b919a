"""The guards of what a person does to their own profile: versions, going back, carrying, and what stays away."""

from tests.mutants.mutation import Mutation

_EDITS = "tests/workers/test_agent_edits.py"
_PROPOSALS = "tests/workers/test_agent_proposals.py"
_VERSIONS = "tests/workers/test_versions.py"
_BACK = "tests/workers/test_rollback.py"
_CARRY = "tests/workers/test_carrying.py"
_AWAY = "tests/workers/test_withdrawn.py"


def _person(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(5, guard, file, old, new, tests)


def _bound(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(10, guard, file, old, new, tests)


PERSONS: tuple[Mutation, ...] = (
    _person(
        "each version is remembered",
        "workers/effects.py",
        "            versions.remember(state, change)\n",
        "",
        _VERSIONS,
    ),
    _person(
        "of the older versions the person's own stay",
        "workers/versions.py",
        "own = [frame for frame in frames[:-NEWEST] if frame.cause in OWN_CAUSES]",
        "own = list(frames[:-NEWEST])",
        _VERSIONS,
    ),
    _bound(
        "a profile remembers so many of the person's own versions",
        "workers/versions.py",
        "kept = [*own[-OWN:], *frames[-NEWEST:]]",
        "kept = [*own, *frames[-NEWEST:]]",
        _VERSIONS,
    ),
    _bound(
        "versions take so many bytes and no more",
        "workers/versions.py",
        "while size > MAX_BYTES and first < len(kept) - 1:",
        "while False:",
        _VERSIONS,
    ),
    _person(
        "the newest version stays however large it is",
        "workers/versions.py",
        "while size > MAX_BYTES and first < len(kept) - 1:",
        "while size > MAX_BYTES and first < len(kept):",
        _VERSIONS,
    ),
    _person(
        "how far to keep away is a version of its own",
        "workers/effects.py",
        "return cls(state.interests, state.avoid, state.removed, state.keep_away)",
        "return cls(state.interests, state.avoid, state.removed, None)",
        _EDITS,
    ),
    _person(
        "going back gives the version that was, whatever came since",
        "workers/rollback.py",
        "    if version == BEGINNING.version or tuple(map(said, result.interests)) == was.interests:\n",
        "    if True:\n",
        _BACK,
    ),
    _person(
        "the last edit taken back holds no weight",
        "workers/rollback.py",
        "    if version == BEGINNING.version or tuple(map(said, result.interests)) == was.interests:\n",
        "    if False:\n",
        _BACK,
    ),
    _person(
        "what was learned since is dropped",
        "workers/rollback.py",
        "        dropped = (*dropped, *others)[-MAX_DROPPED:]\n",
        "",
        _BACK,
    ),
    _person(
        "a version stands alone where there is no end of other things",
        "workers/rollback.py",
        "    put(result, [one for one in result.interests if one.id in wanted])\n",
        "",
        _BACK,
    ),
    _person(
        "the weights of a version that was gone back to are held",
        "workers/rollback.py",
        "held = tuple(map(_kept, state.interests))",
        "held = state.interests",
        _BACK,
    ),
    _person(
        "a proposal for what stood before the person went back is cancelled",
        "workers/effects.py",
        "                self.state.edited_version = self.state.version\n",
        "                pass\n",
        _BACK,
    ),
    _person(
        "a text that was carried in comes back with its own vector",
        "workers/effects.py",
        "            keep_carried(before, self.state)\n",
        "",
        _CARRY,
    ),
    _bound(
        "so many vectors are kept of what was carried in and has gone",
        "workers/rollback.py",
        "after.carried = tuple(gone[-MAX_CARRIED:])",
        "after.carried = tuple(gone)",
        _CARRY,
    ),
    _person(
        "what is carried in keeps its vector",
        "workers/refit.py",
        "for one in settled if one.source is not Source.IMPORT}",
        "for one in settled}",
        _CARRY,
    ),
    _person(
        "vectors of another space are not taken",
        "workers/carrying.py",
        "return one.vector is not None and command.space == state.space",
        "return one.vector is not None",
        _CARRY,
    ),
    _person(
        "a vector that is not of unit length is refused",
        "workers/carrying.py",
        "if abs(float(np.linalg.norm(row)) - 1) > LENGTH_ERROR:",
        "if False:",
        _CARRY,
    ),
    _person(
        "a document that names a text twice is refused",
        "workers/carrying.py",
        "    if len(set(ids)) < len(ids):",
        "    if False:",
        _CARRY,
    ),
    _person(
        "what a person does keeps its order while it waits for words",
        "workers/agent.py",
        "return not self._a_person_waits() and self._have_words",
        "return self._have_words",
        _CARRY,
    ),
    _person(
        "what was removed is not named in other words",
        "workers/withdrawn.py",
        "if not is_again]",
        "if True]",
        _AWAY,
    ),
    _person(
        "no proposal brings back in other words what was removed",
        "workers/editing.py",
        "return not says_again([self.words[text]], removed).any()",
        "return True",
        _AWAY,
    ),
    _person(
        "what comes to be avoided is told to the providers with its distance",
        "streams/publication.py",
        "        keep_away=state.keep_away,\n",
        "",
        "tests/streams/test_publication.py",
    ),
    _person(
        "what a person removed stays away",
        "workers/editing.py",
        "            del self.interests[one]\n            self.removed[one] = text",
        "            del self.interests[one]",
        _EDITS,
    ),
    _person(
        "a weight that a person set survives every re-fit",
        "workers/editing.py",
        "if any(one.held_weight is not None for one in state.interests):",
        "if False:",
        _EDITS,
    ),
    _person(
        "a person's newer edit cancels a proposal",
        "workers/proposals.py",
        "return Verdict.CANCELLED if state.edited_version > proposal.base_version else None",
        "return None",
        _PROPOSALS,
    ),
    _person(
        "a proposal leaves alone what a person owns",
        "workers/editing.py",
        "case RemoveInterest(interest=old) if draft.is_free(old):",
        "case RemoveInterest(interest=old):",
        _PROPOSALS,
    ),
)
