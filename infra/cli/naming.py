"""Interests named on the command line, by their id or their text."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from workers.errors import AttuneError

if TYPE_CHECKING:
    from attune_client import Profile


class NotInProfile(AttuneError):
    """What is to be changed is not there."""


class Names:
    """Of one profile. `removed` are those that can be restored."""

    def __init__(self, profile: "Profile") -> None:
        self._there = _ids((one["id"], one["text"]) for one in (*profile["interests"], *profile["avoid"]))
        self._removed = _ids((one["id"], one["text"]) for one in profile["removed"])

    def ids(self, wanted: Sequence[str]) -> list[str]:
        """Of interests and of what is avoided, each once. Raises `NotInProfile`."""
        return _found(self._there, wanted, "the profile has no")

    def removed(self, wanted: Sequence[str]) -> list[str]:
        """The same of what was removed."""
        return _found(self._removed, wanted, "nothing was removed from the profile that is called")


def _ids(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    ids = {}
    for one, text in pairs:
        ids[one] = ids[text.casefold()] = one
    return ids


def _found(ids: dict[str, str], wanted: Sequence[str], what: str) -> list[str]:
    names = {name: name.strip().casefold() for name in wanted}
    if missing := ", ".join(f"'{name}'" for name, folded in names.items() if folded not in ids):
        raise NotInProfile(f"{what} {missing}: `attune profile show --json` lists texts and ids")
    return list(dict.fromkeys(ids[folded] for folded in names.values()))
