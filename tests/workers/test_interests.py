"""First interests: the phrases that explain what a person did, general before narrow, a fixed outcome."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from workers.interests import ENOUGH, EXPLAINED, MAX_FIRST, Named, first_interests

BEBOP, SWING = ("jazz", "bebop"), ("jazz", "swing")


def texts(named: tuple[Named, ...]) -> list[str]:
    return [one.text for one in named]


def test_one_click_names_its_topic_and_nothing_narrower() -> None:
    assert first_interests([1.0], [BEBOP]) == (Named("jazz", (0,)),)


def test_nothing_said_names_nothing() -> None:
    assert first_interests([], []) == ()
    assert first_interests([1.0], [()]) == ()


def test_six_impressions_say_as_much_as_is_needed_and_five_do_not() -> None:
    assert texts(first_interests([-0.1] * 6, [BEBOP] * 6)) == ["jazz"]
    assert first_interests([-0.1] * 5, [BEBOP] * 5) == ()


def test_three_clicks_bring_a_narrower_phrase_beside_its_topic() -> None:
    needed = 3
    assert (needed - 1) * EXPLAINED < ENOUGH <= needed * EXPLAINED
    three = first_interests([1.0] * 10, [BEBOP] * 3 + [SWING] * 2 + [("jazz",)] * 5)
    assert three == (Named("jazz", tuple(range(10))), Named("bebop", (0, 1, 2)))


def test_of_equal_phrases_the_more_general_comes_first_then_the_alphabet() -> None:
    assert texts(first_interests([2.0] * 2, [("tea", "old"), ("art",)])) == ["art", "tea"]
    assert texts(first_interests([4.0], [("zen", "art")]))[0] == "zen"


def test_spellings_that_differ_in_case_are_one_phrase_in_the_earlier_place() -> None:
    named = first_interests([2.0, 2.0], [("world", "Jazz"), ("jazz", "world")])
    assert {one.text: one.support for one in named} == {"jazz": (0, 1), "world": (0, 1)}


def test_what_was_disliked_is_an_interest_too() -> None:
    assert texts(first_interests([-2.0], [SWING])) == ["jazz"]


def test_no_more_than_a_person_can_read() -> None:
    assert len(first_interests([2.0] * 30, [(f"topic {n}",) for n in range(30)])) == MAX_FIRST
    assert len(first_interests([2.0] * 30, [(f"topic {n}",) for n in range(30)], at_most=3)) == 3


Drawn = list[tuple[float, float, tuple[str, ...]]]

evidence: st.SearchStrategy[Drawn] = st.lists(
    st.tuples(
        st.sampled_from([1.0, 2.0, -2.0, -0.5, -0.1]),
        st.floats(0.01, 1.0),
        st.lists(st.sampled_from("abcdefgh"), max_size=4, unique=True).map(tuple),
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(evidence)
def test_it_is_the_greedy_choice(drawn: Drawn) -> None:
    """Against the plain way of writing it: at each step every phrase is summed anew."""
    weights = [signal * fading for signal, fading, _ in drawn]
    phrases = [carried for *_, carried in drawn]
    left = [round(abs(weight) * 1e9) for weight in weights]
    general = sorted({(min(c.index(p) for c in phrases if p in c), p) for carried in phrases for p in carried})
    expected: list[str] = []
    while general and len(expected) < MAX_FIRST:
        gains = {p: sum(w for w, c in zip(left, phrases, strict=True) if p in c) for _, p in general}
        best = max(general, key=lambda one: (gains[one[1]], -general.index(one)))
        if gains[best[1]] < ENOUGH * 1e9:
            break
        expected.append(best[1])
        left = [round(w * EXPLAINED) if best[1] in c else w for w, c in zip(left, phrases, strict=True)]
        general.remove(best)
    assert texts(first_interests(weights, phrases)) == expected


@settings(max_examples=60, deadline=None)
@given(evidence, st.randoms())
def test_the_order_of_the_evidence_does_not_matter(drawn: Drawn, random: Random) -> None:
    shuffled = list(drawn)
    random.shuffle(shuffled)
    outcomes = []
    for one in (drawn, shuffled):
        named = first_interests([signal * fading for signal, fading, _ in one], [carried for *_, carried in one])
        outcomes.append([(phrase.text, sorted(one[at] for at in phrase.support)) for phrase in named])
    assert outcomes[0] == outcomes[1]
