"""The person's side: the profile and its edits, what it recommends, a re-fit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.client import open_client
from infra.cli.options import Json, Provider, User, check_count
from infra.cli.output import emit, say, show_table
from workers.errors import AttuneError

if TYPE_CHECKING:
    from attune_client import AttuneClient, Interest, Recommendation

profile = typer.Typer(no_args_is_help=True)

_BAR = 20
"""Characters of a bar of weight 1."""

_Texts = list[str] | None


class NotInProfile(AttuneError):
    """What is to be removed is not there."""


@profile.command(epilog="Example: attune profile show ada")
def show(user: User, as_json: Json = False) -> None:
    """Show a person's interests and weights, in words."""
    with open_client() as client:
        answer = client.profile(user)
    if as_json:
        emit(answer)
        return
    _show_interests(answer["interests"], f"version {answer['version']}, as of {answer['updated'] or 'no interaction'}")
    if avoid := answer.get("avoid"):
        _show_interests(avoid, "to avoid")


def _show_interests(interests: "Sequence[Interest]", title: str) -> None:
    rows = [
        [
            interest["text"],
            f"{interest['weight']:+.3f}",
            "#" * round(_BAR * abs(interest["weight"])),
            "pinned" if interest["pinned"] else "",
            interest["source"],
            str(len(interest["evidence"])),
        ]
        for interest in interests
    ]
    show_table(("interest", "weight", "", "", "made by", "evidence"), rows, title)


@profile.command(epilog='Example: attune profile edit ada --add "I like jazz from the seventies"')
def edit(
    user: User,
    add: Annotated[_Texts, typer.Option(metavar="TEXT", help="An interest, 80 characters at most.")] = None,
    remove: Annotated[_Texts, typer.Option(metavar="ID_OR_TEXT", help="An interest, or what is avoided.")] = None,
    avoid: Annotated[_Texts, typer.Option(metavar="TEXT", help="What not to recommend.")] = None,
    as_json: Json = False,
) -> None:
    """Change a profile in words, or begin one: what you write, remove or avoid, nothing learned undoes. Each option
    may be given several times."""
    if not (add or remove or avoid):
        raise typer.BadParameter("say what to change: --add, --remove or --avoid")
    with open_client() as client:
        removals = [{"op": "remove", "interest": one} for one in _ids(client, user, remove)] if remove else []
        additions = [{"op": "add", "text": text.strip()} for text in add or ()]
        avoids = [{"op": "avoid", "text": text.strip()} for text in avoid or ()]
        answer = client.edit(user, [*removals, *additions, *avoids])
    if as_json:
        emit(answer)
    else:
        say(f"Accepted as command {answer['command_id']}: `attune profile show` shows it in a moment.")


def _ids(client: "AttuneClient", user: str, wanted: "Sequence[str]") -> list[str]:
    """Of interests named by id or text, each once. Raises `NotInProfile`."""
    there = client.profile(user)
    ids = {}
    for one in (*there["interests"], *there["avoid"]):
        ids[one["id"]] = ids[one["text"].casefold()] = one["id"]
    names = {name: name.strip().casefold() for name in wanted}
    if missing := ", ".join(f"'{name}'" for name, folded in names.items() if folded not in ids):
        raise NotInProfile(f"the profile has no {missing}: `attune profile show --json` lists texts and ids")
    return list(dict.fromkeys(ids[folded] for folded in names.values()))


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
    if as_json:
        emit(answer)
    elif texts:
        say(f"Accepted as command {answer['command_id']}: a refiner does it, and keeps what raises the reward.")
    else:
        say(f"Accepted as command {answer['command_id']}: the agent does it next.")
