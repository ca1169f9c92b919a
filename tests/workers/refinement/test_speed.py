"""What a refinement costs. The bounds are twice what is claimed: a test machine has other things to do."""

from benchmarks.phrase_search import measure


def test_ten_iterations_and_a_description_are_quick() -> None:
    figures = measure(runs=3)
    assert (figures.iterations, figures.interests) == (10, 24)
    assert figures.phrases == 200
    assert figures.refinement < 600  # claimed: 300 ms
    assert figures.bootstrap < 300  # claimed: 150 ms
