"""What each evaluation is asked, as plain data. Light: the command line imports it before anything else."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from workers.evaluation.halves import Half


@dataclass(frozen=True, slots=True)
class Common:
    """What every evaluation takes. `cache` keeps vectors between runs, `plots` is a folder for pictures."""

    seed: int = 0
    cache: Path | None = None
    plots: Path | None = None
    draws: int = 1_000
    """Of the bootstrap."""
    fit: bool = True
    """Whether the space is fitted to the catalog, where the model is not a fitted space already."""


@dataclass(frozen=True, slots=True)
class Impressions:
    catalog: Path
    behaviors: Path
    half: Half = "all"
    evidence: bool = False
    """Whether a user's earlier impressions in the file are evidence, beside the history of the line."""
    peers: bool = False
    refine: bool = False
    """Whether the profile with texts refined (phrase search, once, after the history) stands beside the default."""
    show: int = 0
    """So many profiles, drawn by seed, stand in the result beside the titles they came from."""
    common: Common = field(default_factory=Common)


@dataclass(frozen=True, slots=True)
class Sequences:
    items: Path
    history: Path
    candidates: Path
    negatives: int = 9
    repeats: int = 3
    half: Half = "all"
    peers: bool = False
    refine: bool = False
    """Whether the profile with texts refined (phrase search, once, after the history) stands beside the default."""
    show: int = 0
    common: Common = field(default_factory=Common)


Threes = Literal["click", "ignore"]


@dataclass(frozen=True, slots=True)
class Ratings:
    books: Path
    ratings: Path
    threes: Threes = "click"
    """What a rating of 3 in the history is."""
    half: Half = "all"
    peers: bool = False
    refine: bool = False
    """Whether the profile with texts refined (phrase search, once, after the history) stands beside the default."""
    show: int = 0
    common: Common = field(default_factory=Common)


@dataclass(frozen=True, slots=True)
class Editability:
    """On the sample: so many simulated people with so many interactions each, and topics drawn by seed."""

    people: int = 60
    events: int = 60
    topics: int = 5
    k: int = 10
    common: Common = field(default_factory=Common)


@dataclass(frozen=True, slots=True)
class Ablation:
    """On MIND's files. `other_model` is a second space, for before and after training."""

    catalog: Path
    behaviors: Path
    half: Half = "all"
    other_model: str | None = None
    refine_users: int = 100
    """So many users, drawn by seed, have their texts refined; 0: none."""
    common: Common = field(default_factory=Common)


@dataclass(frozen=True, slots=True)
class Platforms:
    """On the sample's people, and on MIND's files where both are given."""

    catalog: Path | None = None
    behaviors: Path | None = None
    half: Half = "all"
    people: int = 60
    events: int = 150
    common: Common = field(default_factory=Common)


@dataclass(frozen=True, slots=True)
class Portability:
    """On the sample's people, and on MIND's files where both are given."""

    catalog: Path | None = None
    behaviors: Path | None = None
    half: Half = "all"
    users: int = 0
    """So many users of MIND's, drawn by seed; 0: all."""
    people: int = 60
    events: int = 150
    common: Common = field(default_factory=Common)


Asked = Impressions | Sequences | Ratings | Editability | Ablation | Platforms | Portability
