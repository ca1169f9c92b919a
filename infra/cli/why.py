"""`attune profile why` and `attune explain`: the reasons."""

from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.client import open_client
from infra.cli.naming import Names
from infra.cli.options import Json, User, check_provider
from infra.cli.output import bar, emit, moment, say, show_fields, show_table

if TYPE_CHECKING:
    from attune_client import Explanation, InterestWhy


def why(
    user: User,
    interest: Annotated[str, typer.Argument(metavar="ID_OR_TEXT", help="An interest.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show what is behind an interest: when and by what it was made, the interactions, what it does to the reward."""
    with open_client() as client:
        (one,) = Names(client.profile(user)).ids([interest])
        answer = client.why(user, one)
    if as_json:
        emit(answer)
        return
    marks = [word for word in ("pinned", "held") if answer[word]]
    fields = {
        "interest": answer["text"],
        "weight": f"{answer['weight']:+.3f}{' (' + ', '.join(marks) + ')' if marks else ''}",
        "written by": answer["source"],
        "made": _made(answer),
        "reward": _reward(answer),
    }
    show_fields(fields)
    if not answer["evidence"]:
        say("No interaction that is still remembered stands behind it.")
        return
    rows = [
        [moment(one["time"]), one["signal"], one["title"] or "(no longer in the catalog)", one["provider"]]
        for one in answer["evidence"]
    ]
    show_table(("when", "signal", "title", "provider"), rows, "because of")


def explain(
    user: User,
    provider: Annotated[str, typer.Argument(callback=check_provider, help="The provider.", show_default=False)],
    item: Annotated[str, typer.Argument(help="The item's id there.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Show why an item is recommended, or is not: what each interest adds to its score."""
    with open_client() as client:
        answer = client.explanation(user, provider, item)
    if as_json:
        emit(answer)
        return
    show_fields(_summary(answer))
    rows = [
        [one["text"], f"{one['share']:+.0%}", bar(one["share"]), f"{one['similarity']:.3f}"]
        for one in answer["contributions"]
    ]
    if rows:
        show_table(("interest", "share", "", "similarity"), rows)


def _summary(answer: "Explanation") -> dict[str, str]:
    fields = {"item": answer["title"] or answer["item"], "score": f"{answer['score']:.3f}"}
    if answer["seen"]:
        fields["seen"] = "yes: it ranks lower"
    if answer["avoided"] is not None:
        fields["not recommended"] = f"too near to '{answer['avoided']}', which is avoided"
    return fields


def _made(answer: "InterestWhy") -> str:
    made = answer["made"]
    if made is None:
        return "not remembered"
    when = f"{moment(made['time'])}, version {made['version']}, by {made['cause']}"
    return f"{when}, or earlier" if made["at_latest"] else when


def _reward(answer: "InterestWhy") -> str:
    with_it, without = answer["reward_with"], answer["reward_without"]
    if with_it is None or without is None:
        return "too little is known to measure it"
    return f"{with_it:.3f} with it, {without:.3f} without"
