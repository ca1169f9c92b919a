"""`attune profile edit`: a person's changes, by options or in their own words."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from infra.cli.client import open_client
from infra.cli.naming import Names, NotInProfile
from infra.cli.options import Json, User, Yes
from infra.cli.outcomes import tell
from infra.cli.output import emit, say

if TYPE_CHECKING:
    from attune_client import AttuneClient, Profile, ReadWish

Edits = list[dict[str, Any]]
Value = TypeVar("Value")

_Several = list[str] | None


def _several(metavar: str, words: str) -> Any:
    return typer.Option(metavar=metavar, help=words, show_default=False)


def edit(
    user: User,
    wish: Annotated[str | None, typer.Argument(help='In your own words: "less politics".', show_default=False)] = None,
    add: Annotated[_Several, _several("TEXT", "An interest, 80 characters at most.")] = None,
    remove: Annotated[_Several, _several("ID_OR_TEXT", "An interest, or what is avoided.")] = None,
    avoid: Annotated[_Several, _several("TEXT", "What not to recommend.")] = None,
    rewrite: Annotated[_Several, _several("ID_OR_TEXT=TEXT", "In other words.")] = None,
    weight: Annotated[_Several, _several("ID_OR_TEXT=NUMBER", "How much it counts, -1 to 1.")] = None,
    learn: Annotated[_Several, _several("ID_OR_TEXT", "Let its weight be learned again.")] = None,
    learn_all: Annotated[
        bool, typer.Option("--learn-all", help="The same of every weight that is held and that you have not set.")
    ] = False,
    pin: Annotated[_Several, _several("ID_OR_TEXT", "Keep it, whatever is learned.")] = None,
    unpin: Annotated[_Several, _several("ID_OR_TEXT", "Leave it to what is learned.")] = None,
    restore: Annotated[_Several, _several("ID_OR_TEXT", "What was removed.")] = None,
    keep_away: Annotated[
        str | None, typer.Option(metavar="COSINE", help="How near to what is avoided: 0 to 1, or 'default'.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change a profile, or begin one: what you write, set, remove or avoid, nothing learned undoes. Say it in your own
    words, and what was understood is shown before it is done; or with options, each of which may be given several
    times. All of it is done together, or nothing, and you are told why. With --json and without --yes, a wish is read
    and not carried out."""
    asked = _Asked(add, remove, avoid, rewrite, weight, learn, learn_all, pin, unpin, restore, keep_away)
    if (wish is None) != asked.is_any:
        raise typer.BadParameter("say what to change: in your own words, or with --add, --remove, --avoid, ...")
    with open_client() as client:
        if wish is None:
            tell(client, user, client.edit(user, asked.edits(client, user)), as_json)
        else:
            _wish(client, user, wish, yes, as_json)


def _wish(client: "AttuneClient", user: str, wish: str, yes: bool, as_json: bool) -> None:
    read = client.read_wish(user, wish)
    if as_json and not yes:
        emit(read)
        return
    _show(read)
    if not read["edits"]:
        raise typer.Exit(1)
    if not yes and not typer.confirm("Change the profile so?", err=True):
        say("Nothing was changed.")
        raise typer.Exit(1)
    edits = [one["edit"] for one in read["edits"]]
    tell(client, user, client.edit(user, edits, base_version=read["base_version"]), as_json)


def _show(read: "ReadWish") -> None:
    for one in read["edits"]:
        say(f"  {one['sentence']}")
    for part in read["unread"]:
        say(f"  not understood: {part}")
    if not read["edits"]:
        say("Nothing in it could be read as a change: name a topic, or use --add, --remove and the other options.")


class _Asked:
    """What the options say."""

    def __init__(
        self,
        add: _Several,
        remove: _Several,
        avoid: _Several,
        rewrite: _Several,
        weight: _Several,
        learn: _Several,
        learn_all: bool,
        pin: _Several,
        unpin: _Several,
        restore: _Several,
        keep_away: str | None,
    ) -> None:
        self._add, self._avoid = ([text.strip() for text in texts or ()] for texts in (add, avoid))
        self._remove, self._restore = remove or [], restore or []
        self._pin, self._unpin = pin or [], unpin or []
        self._learn, self._learn_all = learn or [], learn_all
        self._rewrite = _pairs(rewrite or [], "--rewrite", str.strip)
        self._weight = _pairs(weight or [], "--weight", lambda text: _number(text, "--weight"))
        self._keep_away = keep_away

    @property
    def is_any(self) -> bool:
        lists = (self._add, self._avoid, self._remove, self._restore, self._pin, self._unpin, self._learn)
        return any(lists) or bool(self._rewrite or self._weight) or self._learn_all or self._keep_away is not None

    def edits(self, client: "AttuneClient", user: str) -> Edits:
        """What goes first, what comes last. Raises `NotInProfile`."""
        named = [*self._remove, *self._pin, *self._unpin, *self._restore, *self._rewrite, *self._weight, *self._learn]
        profile = client.profile(user) if named or self._learn_all else None
        changes = [] if profile is None else self._learned(profile) + self._named(Names(profile))
        changes += [{"op": "add", "text": text} for text in self._add]
        changes += [{"op": "avoid", "text": text} for text in self._avoid]
        return changes + self._distance()

    def _learned(self, profile: "Profile") -> Edits:
        """Raises `NotInProfile` where nothing is held that they have not set: an edit of nothing would be refused."""
        wanted = Names(profile).ids(self._learn)
        if self._learn_all:
            kept = [one["id"] for one in profile["interests"] if one["held"] and one["kept"]]
            if not kept:
                raise NotInProfile("every weight that is held is one that you set: name those to let go, with --learn")
            wanted = list(dict.fromkeys((*wanted, *kept)))
        return [
            {"op": "reweight", "interest": one["id"], "weight": one["weight"], "held": False}
            for one in (*profile["interests"], *profile["avoid"])
            if one["id"] in wanted
        ]

    def _named(self, names: Names) -> Edits:
        edits: Edits = [{"op": "remove", "interest": one} for one in names.ids(self._remove)]
        edits += [{"op": "restore", "interest": one} for one in names.removed(self._restore)]
        edits += [{"op": "pin", "interest": one, "pinned": True} for one in names.ids(self._pin)]
        edits += [{"op": "pin", "interest": one, "pinned": False} for one in names.ids(self._unpin)]
        for name, value in self._weight.items():
            edits += [{"op": "reweight", "interest": one, "weight": value} for one in names.ids([name])]
        for name, text in self._rewrite.items():
            edits += [{"op": "rewrite", "interest": one, "text": text} for one in names.ids([name])]
        return edits

    def _distance(self) -> Edits:
        if self._keep_away is None:
            return []
        within = None if self._keep_away == "default" else _number(self._keep_away, "--keep-away")
        return [{"op": "keep_away", "within": within}]


def _pairs(texts: Sequence[str], option: str, read: Callable[[str], Value]) -> dict[str, Value]:
    pairs = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not sign or not name.strip():
            raise typer.BadParameter(f"{option} takes an interest and a value, with '=' between them")
        pairs[name] = read(value)
    return pairs


def _number(text: str, option: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option} takes a number") from error
