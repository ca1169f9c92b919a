"""Metrics say how the service does, never who or what (DESIGN.md, invariant 12)."""

import pytest
from prometheus_client import Counter, Gauge, Histogram

from streams.metrics import Metrics

LABELS = {
    "age", "cause", "end", "kind", "origin", "outcome", "provider", "reason", "result", "scope", "source", "stage",
    "state", "step", "topic", "trigger", "what", "version", "space", "runner", "store",
}  # fmt: skip
"""Each of a set that is closed, or that the operator makes: a person, an item or an event is in none of them."""

METRICS = [one for one in vars(Metrics()).values() if isinstance(one, Counter | Gauge | Histogram)]


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one._name)
def test_no_label_names_a_person_an_item_or_an_event(metric: Counter | Gauge | Histogram) -> None:
    assert set(metric._labelnames) <= LABELS


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one._name)
def test_each_is_explained(metric: Counter | Gauge | Histogram) -> None:
    assert metric._documentation
    assert metric._name.startswith("attune_")
