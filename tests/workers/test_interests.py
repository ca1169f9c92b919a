"""First interests: the phrases that explain what a person did, a topic before its parts, a fixed outcome."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.profile import MAX_INTERESTS
from workers.interests import ENOUGH, PERCENT, Evidence, Named, first_interests

BEBOP, SWING = ("jazz", "bebop"), ("jazz", "swing")
ALIKE = (50, 50)
CLOSER = (30, 40)
"""The part fits the item better than the topic does."""


def told(weight: float, phrases: tuple[str, ...], fits: tuple[int, ...] = ALIKE) -> Evidence:
    return Evidence(weight, phrases, fits[: len(phrases)])


def texts(named: tuple[Named, ...]) -> list[str]:
    return [one.text for one in named]


def test_one_click_names_its_topic_where_nothing_narrower_fits_better() -> None:
    assert first_interests([told(1.0, BEBOP)]) == (Named("jazz", (0,)),)


def test_nothing_said_names_nothing() -> None:
    assert first_interests([]) == ()
    assert first_interests([told(1.0, ())]) == ()


def test_two_impressions_say_as_much_as_is_needed_and_one_does_not() -> None:
    assert 1 * 0.1 * 1.0 < ENOUGH <= 2 * 0.1 * 1.0
    assert texts(first_interests([told(-0.1, BEBOP, (100, 100))] * 2)) == ["jazz"]
    assert first_interests([told(-0.1, BEBOP, (100, 100))]) == ()


def test_a_part_stands_beside_its_topic_once_its_items_say_enough_more() -> None:
    """Each click on bebop says 0.10 more than "jazz" does: two clicks are enough."""
    rest = [told(1.0, SWING, (30, 30))] * 8
    assert texts(first_interests([told(1.0, BEBOP, CLOSER), *rest])) == ["jazz"]
    two = first_interests([*[told(1.0, BEBOP, CLOSER)] * 2, *rest])
    assert two == (Named("jazz", tuple(range(10))), Named("bebop", (0, 1)))


def test_what_an_interest_explains_already_is_not_named_again() -> None:
    assert first_interests([Evidence(1.0, BEBOP, CLOSER, explained=40)]) == ()
    assert texts(first_interests([Evidence(1.0, BEBOP, CLOSER, explained=20)] * 2)) == ["bebop"]


def test_what_is_barred_is_not_named_however_it_is_spelled() -> None:
    assert texts(first_interests([told(1.0, ("Jazz", "swing"))], barred={"jazz"})) == ["swing"]


def test_of_equal_phrases_the_more_general_comes_first_then_the_alphabet() -> None:
    assert texts(first_interests([told(2.0, ("tea", "old")), told(2.0, ("art",))])) == ["art", "tea"]
    assert texts(first_interests([told(4.0, ("zen", "art"))]))[0] == "zen"


def test_spellings_that_differ_in_case_are_one_phrase_in_the_earlier_place() -> None:
    named = first_interests([told(2.0, ("world", "Jazz"), (40, 50)), told(2.0, ("jazz", "world"), (40, 50))])
    assert {one.text: one.support for one in named} == {"jazz": (0, 1), "world": (0, 1)}


def test_what_was_disliked_is_an_interest_too() -> None:
    assert texts(first_interests([told(-2.0, SWING)])) == ["jazz"]


def test_no_more_than_a_person_can_read() -> None:
    many = [told(2.0, (f"topic {n}",)) for n in range(30)]
    assert len(first_interests(many)) == MAX_INTERESTS
    assert len(first_interests(many, at_most=3)) == 3


Drawn = list[tuple[float, float, tuple[str, ...], list[int]]]

evidence: st.SearchStrategy[Drawn] = st.lists(
    st.tuples(
        st.sampled_from([1.0, 2.0, -2.0, -0.5, -0.1]),
        st.floats(0.01, 1.0),
        st.lists(st.sampled_from("abcdefgh"), max_size=4, unique=True).map(tuple),
        st.lists(st.integers(0, 100), min_size=4, max_size=4),
    ),
    max_size=12,
)


def drawn_evidence(drawn: Drawn) -> list[Evidence]:
    return [Evidence(signal * fading, carried, fits[: len(carried)]) for signal, fading, carried, fits in drawn]


@settings(max_examples=150, deadline=None)
@given(evidence)
def test_it_is_the_greedy_choice(drawn: Drawn) -> None:
    """Against the plain way of writing it: at each step every phrase is summed anew."""
    given_evidence = drawn_evidence(drawn)
    explained = [0] * len(drawn)
    carried = [dict(zip(one.phrases, one.affinities, strict=True)) for one in given_evidence]
    general = sorted({(min(list(c).index(p) for c in carried if p in c), p) for one in carried for p in one})
    expected: list[str] = []
    while general and len(expected) < MAX_INTERESTS:
        gains = {
            phrase: sum(
                round(abs(one.weight) * 1e9) * max(0, fits[phrase] - already)
                for one, fits, already in zip(given_evidence, carried, explained, strict=True)
                if phrase in fits
            )
            for _, phrase in general
        }
        best = max(general, key=lambda one: (gains[one[1]], -general.index(one)))
        if gains[best[1]] < ENOUGH * PERCENT * 1e9:
            break
        expected.append(best[1])
        explained = [max(a, fits.get(best[1], 0)) for a, fits in zip(explained, carried, strict=True)]
        general.remove(best)
    assert texts(first_interests(given_evidence)) == expected


@settings(max_examples=60, deadline=None)
@given(evidence, st.randoms())
def test_the_order_of_the_evidence_does_not_matter(drawn: Drawn, random: Random) -> None:
    shuffled = list(drawn)
    random.shuffle(shuffled)
    outcomes = []
    for one in (drawn, shuffled):
        named = first_interests(drawn_evidence(one))
        outcomes.append([(phrase.text, sorted(repr(one[at]) for at in phrase.support)) for phrase in named])
    assert outcomes[0] == outcomes[1]
