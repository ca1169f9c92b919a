"""What counts as standing still, and who counts as a zombie."""

from tests.chaos.stalls import ZOMBIE_SECONDS, Excuses, Stalls, Zombies


def test_a_partition_that_moves_or_has_nothing_to_do_does_not_stall() -> None:
    stalls = Stalls(Excuses())
    for second in range(100):
        stalls.note(0, end=second + 5, mark=second, now=second, doing="nothing")
        stalls.note(1, end=7, mark=7, now=second, doing="nothing")
    assert stalls.longest == 0


def test_a_stall_lasts_from_the_last_step_to_the_next() -> None:
    stalls = Stalls(Excuses())
    stalls.note(0, end=10, mark=3, now=100, doing="kill")
    stalls.note(0, end=20, mark=3, now=109, doing="kill")
    assert stalls.current == 9
    stalls.note(0, end=20, mark=20, now=110, doing="pause")
    stalls.note(0, end=21, mark=20, now=111, doing="pause")
    assert (stalls.longest, stalls.during) == (9, "kill")
    assert stalls.current == 1


def test_one_partition_that_stands_still_among_others_is_seen() -> None:
    stalls = Stalls(Excuses())
    for second in range(30):
        stalls.note(0, end=1_000, mark=second, now=second, doing="kill")
        stalls.note(1, end=1_000, mark=4, now=second, doing="kill")
    assert stalls.longest == 29


def test_a_fall_of_the_mark_is_no_progress_lost() -> None:
    """The store lost writes: the mark is lower, and the worker starts there again."""
    stalls = Stalls(Excuses())
    stalls.note(0, end=10, mark=8, now=0, doing="power")
    stalls.note(0, end=10, mark=5, now=4, doing="power")
    assert stalls.applied == 5
    stalls.note(0, end=10, mark=5, now=6, doing="power")
    assert stalls.longest == 2


def test_while_a_server_is_away_nobody_is_to_blame_and_then_the_clock_starts() -> None:
    excuses = Excuses()
    stalls, zombies = Stalls(excuses), Zombies(excuses)
    stalls.note(0, end=10, mark=3, now=0, doing="away")
    zombies.note("one", handled=4, idle=False, now=0)
    excuses.begin()
    for second in range(1, 60):
        stalls.note(0, end=10, mark=3, now=second, doing="away")
        zombies.judge("one", now=second, doing="away")
    excuses.end(now=60)
    stalls.note(0, end=10, mark=3, now=70, doing="away")
    zombies.judge("one", now=70, doing="away")
    assert stalls.longest == 10
    assert zombies.found == []


def test_a_worker_with_work_that_handles_none_is_a_zombie() -> None:
    zombies = Zombies(Excuses())
    for second in range(int(ZOMBIE_SECONDS) + 5):
        zombies.note("dead", handled=4, idle=False, now=second)
        zombies.note("busy", handled=second, idle=False, now=second)
        zombies.note("idle", handled=4, idle=True, now=second)
        for name in ("dead", "busy", "idle", "mute"):
            zombies.judge(name, now=second, doing="the test")
    assert zombies.found == ["dead during the test", "mute during the test"]
