"""The guards against what others say and see: LLMs, titles and bursts are not trusted, providers learn no names."""

from tests.mutants.mutation import Mutation

_PROPOSALS = "tests/workers/test_agent_proposals.py"
_TOLD = "tests/streams/test_descriptions.py"


def _distrust(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(6, guard, file, old, new, tests)


def _private(guard: str, file: str, old: str, new: str, tests: str) -> Mutation:
    return Mutation(7, guard, file, old, new, tests)


TRUSTING: tuple[Mutation, ...] = (
    _distrust(
        "a proposal is accepted only if the reward rises",
        "workers/proposals.py",
        "if after <= before:",
        "if after < 0:",
        _PROPOSALS,
    ),
    _distrust(
        "an LLM cannot name an interest that was not offered",
        "infra/vllm/answers.py",
        "if type(number) is not int or number not in numbers:  # True is 1",
        "if type(number) is not int:",
        "tests/infra/vllm/test_answers.py",
    ),
    _distrust(
        "what a token is made of does not get into a prompt",
        "infra/vllm/quoting.py",
        'plain = "".join(map(_shown, plain)).translate(_HARMLESS)',
        'plain = "".join(map(_shown, plain))',
        "tests/infra/vllm/test_quoting.py",
    ),
    _distrust(
        "a text that an LLM wrote is tidied or not used",
        "infra/vllm/quoting.py",
        "return plain if plain and quoted(plain, len(plain)) == plain else None",
        "return plain",
        "tests/infra/vllm/test_quoting.py",
    ),
    _distrust(
        "a burst of clicks is bounded",
        "workers/evidence.py",
        "    if (minutes[_CROWD:] == minutes[:-_CROWD]).any():",
        "    if False:",
        "tests/workers/test_evidence.py",
    ),
    _distrust(
        "what a person described nobody else rewrites",
        "workers/standing.py",
        "return new <= stored if is_description(new) else stored <= new",
        "return stored <= new",
        "tests/workers/test_standing.py",
    ),
    _distrust(
        "what interactions say never stands before the provider",
        "workers/standing.py",
        "if stored[0] != new[0]:\n        return stored < new",
        "if stored[0] != new[0]:\n        return True",
        _TOLD,
    ),
    _distrust(
        "nobody rewrites what another person has described",
        "workers/standing.py",
        "return new <= stored if is_description(new) else stored <= new",
        "return stored <= new",
        _TOLD,
    ),
    _distrust(
        "the first description stays on the topic",
        "streams/descriptions.py",
        "return Outgoing(CATALOG, description_key(key).encode(), first.raw)",
        "return None",
        _TOLD,
    ),
    _distrust(
        "a description goes when its provider speaks",
        "streams/descriptions.py",
        "return Outgoing(CATALOG, description_key(key).encode(), None)",
        "return None",
        _TOLD,
    ),
    _private(
        "two providers cannot join their pseudonyms",
        "workers/subjects.py",
        'f"{provider}\\0{user}"',
        'f"{user}"',
        "tests/workers/test_subjects.py",
    ),
    _private(
        "a budget's account carries no person's id",
        "streams/budgets.py",
        'f"user:{hashlib.sha256(user.encode()).hexdigest()}"',
        'f"user:{user}"',
        "tests/streams/test_budgets.py",
    ),
)
