"""Which platform a file is from: by what stands in it, since its name may be in any language, or missing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from infra.platforms import goodreads, letterboxd, movielens, netflix, reddit, spotify, x, youtube
from infra.platforms.archive import Archive, Member
from infra.platforms.export import Platform
from infra.platforms.rows import HistoryRefused

PLATFORMS: Mapping[str, Platform] = {
    one.PLATFORM.name: one.PLATFORM for one in (netflix, spotify, youtube, goodreads, letterboxd, reddit, x, movielens)
}

AUTO = "auto"

Members = Mapping[str, Sequence[Member]]
"""By kind."""


def detect(archive: Archive, wanted: str = AUTO) -> tuple[Platform, Members]:
    """The platform that knows most of the files, or the one that is named. Raises `HistoryRefused` where it knows
    none."""
    if wanted != AUTO and wanted not in PLATFORMS:
        raise HistoryRefused(f"there is no platform of that name: choose {', '.join(PLATFORMS)} or {AUTO}")
    asked = PLATFORMS.values() if wanted == AUTO else (PLATFORMS[wanted],)
    found = [(one, _members(one, archive)) for one in asked]
    platform, members = max(found, key=lambda pair: sum(map(len, pair[1].values())))
    if not members:
        which = ", ".join(PLATFORMS) if wanted == AUTO else wanted
        raise HistoryRefused(f"this is no history of {which}: send the file or the zip as the platform gave it")
    return platform, members


def _members(platform: Platform, archive: Archive) -> Members:
    members: dict[str, list[Member]] = defaultdict(list)
    for member in archive.members:
        if (kind := platform.kind(member)) is not None:
            members[kind].append(member)
    return members
