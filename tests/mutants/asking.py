"""The guards of what a person asks for: weights held and let go, what became of a command, and wishes read."""

from tests.mutants.mutation import Mutation

_HELD = "tests/workers/test_held_weights.py"
_OUTCOMES = "tests/workers/test_outcomes.py"


def _person(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(5, guard, file, old, new, tests)


ASKING: tuple[Mutation, ...] = (
    _person(
        "a weight that is let go is learned again",
        "workers/held.py",
        "return self._replace(held_weight=None, kept=self.kept and self.source is Source.IMPORT)",
        "return self",
        _HELD,
    ),
    _person(
        "what is avoided has no weight to be learned",
        "workers/editing.py",
        "            case ReweightInterest(interest=one, held=False):\n",
        "            case ReweightInterest(interest=one, held=False) if one not in self.avoid:\n",
        _HELD,
    ),
    _person(
        "what a rollback holds is not taken for the person's",
        "workers/rollback.py",
        "one._replace(held_weight=one.weight, kept=True)",
        "one._replace(held_weight=one.weight)",
        _HELD,
    ),
    _person(
        "a weight that they set on what was kept is theirs",
        "workers/editing.py",
        "held_weight=weight, kept=False)",
        "held_weight=weight)",
        _HELD,
    ),
    _person(
        "whose an interest is goes along when it is carried",
        "workers/carrying.py",
        "interest_id(one.text), not one.own",
        "interest_id(one.text), False",
        _HELD,
    ),
    _person(
        "what was brought along and let go is no more the person's than before",
        "workers/held.py",
        "(is_set and not self.kept)",
        "is_set",
        _HELD,
    ),
    _person(
        "the record keeps whose a weight is",
        "workers/state.py",
        '**({"kept": kept} if kept else {}),',
        "",
        _HELD,
    ),
    _person("a version keeps whose a weight is", "workers/versions.py", "bool(mark & 16)", "False", _HELD),
    _person(
        "a version says that a weight is learned again",
        "workers/differences.py",
        "            if old.held and not new.held:\n",
        "            if False:\n",
        _HELD,
    ),
    _person(
        "before the first version there is nothing to put in place",
        "workers/rollback.py",
        "if version == BEGINNING.version or tuple(",
        "if tuple(",
        _HELD,
    ),
    _person(
        "the way back to before the first version is always open",
        "workers/versions.py",
        "    if version == BEGINNING.version:\n",
        "    if False:\n",
        _HELD,
    ),
    _person(
        "why a command was refused is kept for the person",
        "workers/effects.py",
        "            refuse(self.state, message.command_id, reason, detail)\n",
        "            pass\n",
        _OUTCOMES,
    ),
    _person(
        "what waits is not said to be done",
        "workers/outcomes.py",
        '"waiting" if waits else "done"',
        '"done"',
        _OUTCOMES,
    ),
    _person(
        "what was refused and then carried out is done",
        "workers/outcomes.py",
        "    if not state.has_seen(name):\n",
        "    if not state.has_seen(name) or why is not None:\n",
        _OUTCOMES,
    ),
    Mutation(
        10,
        "a record keeps so many reasons",
        "workers/outcomes.py",
        "[-MAX_REFUSED:]",
        "",
        _OUTCOMES,
    ),
    _person(
        "a command line that was refused says so",
        "infra/cli/outcomes.py",
        '    if told["state"] == "refused":\n',
        "    if False:\n",
        "tests/infra/test_cli_editing.py",
    ),
    _person(
        "a wish that says more than is understood is handed back",
        "workers/wishes.py",
        "and is_doubtful(said, goes_on=goes_on)",
        "and False",
        "tests/workers/test_wishes.py",
    ),
    _person(
        "letting go of what nobody holds is not read as something else",
        "workers/wishes.py",
        "if is_of_nothing_held or (",
        "if (",
        "tests/workers/test_wishes.py",
    ),
)
