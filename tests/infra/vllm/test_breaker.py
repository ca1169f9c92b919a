"""When the LLM is left alone, and when it is looked at again."""

from infra.vllm.breaker import FAILURES, FIRST_PAUSE, LONGEST_PAUSE, Breaker, BreakerState


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def closed_breaker() -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock)
    assert breaker.begin_probe()
    breaker.probed(well=True)
    return breaker, clock


def opened_breaker() -> tuple[Breaker, Clock]:
    breaker, clock = closed_breaker()
    for _ in range(FAILURES):
        breaker.failed()
    return breaker, clock


def test_what_was_never_probed_is_not_asked_and_may_be_probed_at_once() -> None:
    breaker = Breaker(Clock())
    states = [breaker.state]
    assert breaker.begin_probe()
    assert [*states, breaker.state] == [BreakerState.OPEN, BreakerState.PROBING]


def test_one_probes_at_a_time() -> None:
    breaker = Breaker(Clock())
    assert breaker.begin_probe()
    assert not breaker.begin_probe()


def test_it_opens_after_failures_in_a_row() -> None:
    breaker, _ = closed_breaker()
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.closed
    breaker.failed()
    assert breaker.state is BreakerState.OPEN


def test_a_success_between_them_starts_the_count_anew() -> None:
    breaker, _ = closed_breaker()
    for _ in range(FAILURES - 1):
        breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.closed


def test_it_is_probed_after_a_pause_that_doubles_up_to_a_minute() -> None:
    breaker, clock = opened_breaker()
    pauses = []
    for _ in range(6):
        started = clock.now
        while not breaker.begin_probe():
            clock.now += 1.0
        pauses.append(clock.now - started)
        breaker.probed(well=False)
    assert pauses == [FIRST_PAUSE, 10.0, 20.0, 40.0, LONGEST_PAUSE, LONGEST_PAUSE]


def test_a_good_probe_closes_it_and_all_counts_begin_anew() -> None:
    breaker, clock = opened_breaker()
    clock.now += FIRST_PAUSE
    assert breaker.begin_probe()
    breaker.probed(well=True)
    for _ in range(FAILURES - 1):
        breaker.failed()
    assert breaker.closed
    breaker.failed()
    assert not breaker.closed
    clock.now += FIRST_PAUSE
    assert breaker.begin_probe()


def test_a_probe_given_up_leaves_the_next_one_free() -> None:
    breaker, clock = opened_breaker()
    clock.now += FIRST_PAUSE
    assert breaker.begin_probe()
    breaker.leave()
    assert breaker.begin_probe()


def test_questions_under_way_while_it_opened_neither_close_it_nor_put_the_probe_off() -> None:
    breaker, clock = opened_breaker()
    breaker.succeeded()
    assert not breaker.closed
    clock.now += FIRST_PAUSE
    for _ in range(FAILURES):
        breaker.failed()
    assert breaker.begin_probe()
    for _ in range(FAILURES):
        breaker.failed()
    assert breaker.state is BreakerState.PROBING
