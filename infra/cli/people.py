"""The person's side: the profile, what it recommends, a re-fit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.client import open_client
from infra.cli.options import Json, Provider, User, check_count
from infra.cli.output import bar, emit, say, show_table, tell_accepted

if TYPE_CHECKING:
    from attune_client import Interest, Recommendation


def show(user: User, as_json: Json = False) -> None:
    """Show a person's interests and weights, in words."""
    with open_client() as client:
        answer = client.profile(user)
    if as_json:
        emit(answer)
        return
    _show_interests(answer["interests"], f"version {answer['version']}, as of {answer['updated'] or 'no interaction'}")
    if avoid := answer["avoid"]:
        _show_interests(avoid, _to_avoid(answer["keep_away"]))
    if removed := answer["removed"]:
        show_table(("removed", "id"), [[one["text"], one["id"]] for one in removed])


def _to_avoid(keep_away: float | None) -> str:
    return "to avoid" if keep_away is None else f"to avoid, and whatever has a cosine of {keep_away:g} or more to it"


def _show_interests(interests: "Sequence[Interest]", title: str) -> None:
    rows = [
        [
            interest["text"],
            f"{interest['weight']:+.3f}",
            bar(interest["weight"]),
            ", ".join(word for word in ("pinned", "held", "kept") if interest.get(word)),
            interest["source"],
            str(len(interest["evidence"])),
            interest["id"],
        ]
        for interest in interests
    ]
    show_table(("interest", "weight", "", "", "made by", "evidence", "id"), rows, title)


def recommend(
    user: User,
    provider: Provider = None,
    k: Annotated[int, typer.Option("-k", callback=check_count, help="How many.")] = 10,
    as_json: Json = False,
) -> None:
    """Show what the profile recommends, and the interest that brought each item."""
    with open_client() as client:
        answer = client.recommendations(user, provider=provider, k=k)
    if as_json:
        emit(answer)
    elif not answer["items"]:
        say("Nothing to recommend yet: the profile or the catalog is still empty (see `attune status`).")
    else:
        _show_items(answer["items"])


def _show_items(items: "Sequence[Recommendation]") -> None:
    rows = [
        [str(rank), item["title"], item["provider"], f"{item['score']:.3f}", item["interest"] or ""]
        for rank, item in enumerate(items, start=1)
    ]
    show_table(("", "title", "provider", "score", "because of"), rows)


def refresh(
    user: User,
    texts: Annotated[bool, typer.Option("--texts", help="Refine the interests' texts instead.")] = False,
    as_json: Json = False,
) -> None:
    """Re-fit the weights of a profile now, or have its texts refined."""
    with open_client() as client:
        answer = client.refresh(user, "texts" if texts else "weights")
    then = "a refiner does it, and keeps what raises the reward" if texts else "the agent does it next"
    tell_accepted(answer, as_json, then)
