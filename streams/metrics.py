"""The table of metrics: every figure Attune exports stands here, and none has a user, item or event label."""

from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each counter, which nothing here reads

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)
_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

AGE_EDGES = (60.0, 600.0, 3600.0, 86_400.0, 604_800.0)
"""Seconds: a minute, ten minutes, an hour, a day, a week. Bounds of the ages in `profiles_by_refit_age`."""


_CONSUMED = (
    "Deliveries to the agents whose end was decided: committed, or set aside. Nothing gets lost in them: consumed ="
    " applied + carried out + duplicate + dead-lettered (by the agents) + waits begun - waits ended"
)
"""Each is counted once what decided it is durable, in one go with the others (`streams.tally`). A delivery that failed
is none of them: it comes again and counts then."""


@dataclass(frozen=True)
class Metrics:
    """One set per process (or per test), on its own registry."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    accepted: Counter = field(init=False)
    consumed: Counter = field(init=False)
    applied: Counter = field(init=False)
    carried_out: Counter = field(init=False)
    duplicates: Counter = field(init=False)
    dead_letters: Counter = field(init=False)
    waits: Counter = field(init=False)
    lag: Gauge = field(init=False)
    batch_size: Histogram = field(init=False)
    batch_seconds: Histogram = field(init=False)
    refits: Counter = field(init=False)
    refit_seconds: Histogram = field(init=False)
    publishes: Counter = field(init=False)
    freshness: Histogram = field(init=False)
    store_errors: Counter = field(init=False)
    broker_errors: Counter = field(init=False)
    conflicts: Counter = field(init=False)
    embedded: Counter = field(init=False)
    embed_seconds: Histogram = field(init=False)
    index_items: Gauge = field(init=False)
    index_subjects: Gauge = field(init=False)
    search_seconds: Histogram = field(init=False)
    other_space: Counter = field(init=False)
    stepped_back: Counter = field(init=False)
    profiles_by_refit_age: Gauge = field(init=False)
    versions_by_cause: Counter = field(init=False)
    letters_seen: Counter = field(init=False)
    due_claimed: Counter = field(init=False)
    refinement_jobs: Counter = field(init=False)
    refinements: Counter = field(init=False)
    llm_calls: Counter = field(init=False)
    llm_tokens: Counter = field(init=False)
    llm_fallbacks: Counter = field(init=False)
    budget_refused: Counter = field(init=False)
    refiner_jobs: Counter = field(init=False)
    refinement_seconds: Histogram = field(init=False)
    refinement_queue: Gauge = field(init=False)
    bank_phrases: Gauge = field(init=False)
    bank_grown: Counter = field(init=False)
    erasures: Gauge = field(init=False)
    erasure_seconds: Histogram = field(init=False)
    gateway_held: Gauge = field(init=False)
    gateway_limit: Gauge = field(init=False)
    gateway_refused: Counter = field(init=False)
    doors_refused: Counter = field(init=False)
    build: Gauge = field(init=False)

    def __post_init__(self) -> None:
        counters = {
            "accepted": ("attune_interactions_accepted", "Interactions answered 202", ("source",)),
            "consumed": ("attune_events_consumed", _CONSUMED, ("topic",)),
            "applied": ("attune_events_applied", "Interactions folded into a profile", ("source",)),
            "carried_out": ("attune_commands_carried_out", "Commands and proposals dealt with", ("kind",)),
            "duplicates": ("attune_events_duplicate", "Events delivered or sent again, without effect", ("kind",)),
            "dead_letters": ("attune_events_dead_lettered", "Events set aside", ("stage", "reason")),
            "waits": ("attune_events_waits", "Waits for an item or for words that have begun, or ended", ("step",)),
            "refits": ("attune_refits", "Re-fits of a profile's weights", ("cause",)),
            "publishes": ("attune_versions_published", "Profile embeddings sent", ("provider",)),
            "store_errors": ("attune_store_errors", "Calls that the store did not answer", ("stage",)),
            "broker_errors": ("attune_broker_errors", "Calls that the broker did not answer", ("stage",)),
            "conflicts": ("attune_commit_conflicts", "Commits refused because another wrote first", ()),
            "other_space": ("attune_other_space", "Vectors passed over: of another space", ("provider",)),
            "stepped_back": ("attune_stepped_back", "Embeddings that came after newer ones", ("what",)),
            "embedded": ("attune_items_embedded", "Items through the embedder", ("result",)),
            "versions_by_cause": ("attune_fleet_versions", "Profile versions seen by control", ("cause",)),
            "letters_seen": ("attune_fleet_dead_letters", "Dead-letters seen by control", ("reason",)),
            "due_claimed": ("attune_due_claimed", "Due times claimed and sent as commands", ("kind",)),
            "refinement_jobs": ("attune_refinement_jobs", "Refinements asked for by an agent", ("trigger",)),
            "refinements": ("attune_refinements", "Refinements that came to an end", ("trigger", "outcome")),
            "llm_calls": ("attune_llm_calls", "Calls of an LLM, retries included", ("trigger", "outcome")),
            "llm_tokens": ("attune_llm_tokens", "Tokens that an LLM read (prompt) or wrote", ("trigger", "kind")),
            "llm_fallbacks": ("attune_llm_fallbacks", "Questions answered by phrases for the LLM", ("reason",)),
            "budget_refused": ("attune_budget_refused", "Reservations that a budget refused", ("scope",)),
            "refiner_jobs": ("attune_refiner_jobs", "Leased jobs by what became of them", ("trigger", "end")),
            "bank_grown": ("attune_bank_grown", "Phrases that this embedder added to the bank of its space", ()),
            "gateway_refused": ("attune_gateway_refused", "Turned away because so many are in hand", ("what",)),
            "doors_refused": ("attune_doors_refused", "Turned away for their token, or too many requests", ("reason",)),
        }
        gauges = {
            "lag": ("attune_consumer_lag", "Messages accepted and not yet handled", ("stage",)),
            "index_items": ("attune_index_items", "Items searchable", ("provider",)),
            "index_subjects": ("attune_index_subjects", "Profile embeddings held", ("provider",)),
            "profiles_by_refit_age": ("attune_profiles_by_refit_age", "Profiles by age of last re-fit", ("age",)),
            "refinement_queue": ("attune_refinement_queue", "People whose texts wait to be refined", ()),
            "bank_phrases": ("attune_bank_phrases", "Phrases in the bank, mined or grown", ("space", "origin")),
            "erasures": ("attune_erasures", "Erasures of the last week, by how far they are", ("state",)),
            "gateway_held": ("attune_gateway_held", "In hand: requests, bodies, their bytes, streams", ("what",)),
            "gateway_limit": ("attune_gateway_limit", "What may be in hand at most", ("what",)),
            "build": ("attune_build_info", "1, labelled with what runs", ("version", "space", "runner", "store")),
        }
        histograms = {
            "batch_size": ("attune_batch_size", "Records in a batch", ("stage",), _SIZES),
            "batch_seconds": ("attune_batch_seconds", "Time to handle a batch", ("stage",), _SECONDS),
            "refit_seconds": ("attune_refit_seconds", "Time of one re-fit", (), _SECONDS),
            "freshness": ("attune_freshness_seconds", "Accepted to searchable", ("what",), _SECONDS),
            "embed_seconds": ("attune_embed_seconds", "Time to embed a batch of texts", (), _SECONDS),
            "search_seconds": ("attune_search_seconds", "Time of one search", ("provider",), _SECONDS),
            "erasure_seconds": ("attune_erasure_seconds", "Erased here until every provider has", (), _SECONDS),
            "refinement_seconds": ("attune_refinement_seconds", "Time of one refinement", ("trigger",), _SECONDS),
        }
        for name, (metric, text, labels) in counters.items():
            self._set(name, Counter(metric, text, labels, registry=self.registry))
        for name, (metric, text, labels) in gauges.items():
            self._set(name, Gauge(metric, text, labels, registry=self.registry))
        for name, (metric, text, labels, buckets) in histograms.items():
            self._set(name, Histogram(metric, text, labels, registry=self.registry, buckets=buckets))

    def _set(self, name: str, metric: Counter | Gauge | Histogram) -> None:
        object.__setattr__(self, name, metric)
