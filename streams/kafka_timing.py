"""Times of a group member, in seconds: how they follow from each other."""

SESSION_TIMEOUT = 15.0
"""Until the broker takes a silent member for dead, and gives its partitions to the others."""

REBALANCE_TIMEOUT = 30.0
"""That the broker waits for every member to give up its partitions: six times the slowest honest batch (200 texts to
embed at 40 a second, 5 s). A member that needs longer is thrown out; the store fences what it still does."""

SETTLE, COMMIT = 20.0, 5.0
"""Of the rebalance, for the batch in hand and for committing it; 5 s are left for the request to join."""

REQUEST_TIMEOUT = REBALANCE_TIMEOUT + 10
"""A request to join is answered only when all have joined."""

POLL_INTERVAL = 24 * 60 * 60.0
"""aiokafka's second clock, by which a member leaves that does not fetch. A day: a stage whose store is away does not
fetch either, and must stay. Whether there is progress is watched by `streams.stage_runner`."""

METADATA_AGE = 30.0
"""Until a partition that was added is noticed."""

LOOK = 0.5
"""That a fetch waits, and between two looks at the group's errors while there is nothing to fetch."""


def heartbeat(session_timeout: float) -> float:
    """Between two heartbeats. A third of it rules how soon a member that joins gets its partitions."""
    return min(1.0, session_timeout / 5)
