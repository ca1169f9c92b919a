"""What a person may ask for: their profile and its edits, versions and reasons, and to take it along or erase it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from attune_client.answers import EditsAccepted, Profile, Recommendations, RefreshAccepted
from attune_client.asking import RETRY_SECONDS, Asking, part
from attune_client.own_answers import (
    CommandAccepted,
    CommandOutcome,
    ErasureAccepted,
    ErasureKey,
    ErasureStatus,
    Explanation,
    HistoryTaken,
    InterestWhy,
    ProfileDocument,
    ReadWish,
    Versions,
)


class People(Asking):
    """The addresses under /v1/users and /v1/erasures."""

    def profile(self, user: str, retry: bool = False, deadline: float = RETRY_SECONDS) -> Profile:
        """Status 404 for a user nothing is known of."""
        return cast(Profile, self._ask("GET", f"/v1/users/{part(user)}/profile", retry=retry, deadline=deadline))

    def recommendations(
        self,
        user: str,
        provider: str | None = None,
        k: int = 10,
        *,
        threshold: float | None = None,
        scoring: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> Recommendations:
        """Of one provider, or of all merged by score."""
        wish = {"provider": provider, "k": k, "threshold": threshold, "scoring": scoring}
        params = {name: value for name, value in wish.items() if value is not None}
        path = f"/v1/users/{part(user)}/recommendations"
        return cast(Recommendations, self._ask("GET", path, params=params, retry=retry, deadline=deadline))

    def edit(
        self,
        user: str,
        edits: Sequence[Mapping[str, Any]],
        *,
        base_version: int | None = None,
        command_id: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> EditsAccepted:
        """Changes the profile as its person says, for example [{"op": "add", "text": "jazz"}]: up to 64 edits, of which
        all are carried out or none; `outcome` says which. Without a `command_id` they get a new one."""
        body: dict[str, Any] = {"edits": list(edits), "command_id": command_id or uuid.uuid4().hex}
        if base_version is not None:
            body["base_version"] = base_version
        path = f"/v1/users/{part(user)}/edits"
        return cast(EditsAccepted, self._ask("POST", path, json=body, retry=retry, deadline=deadline))

    def outcome(
        self, user: str, command_id: str, *, retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> CommandOutcome:
        """What became of an `edit`, a `rollback` or an `import_profile`. A healthy service has done it within a second
        or two: ask until its state is neither "pending" nor "waiting"."""
        path = f"/v1/users/{part(user)}/commands/{part(command_id)}"
        return cast(CommandOutcome, self._ask("GET", path, retry=retry, deadline=deadline))

    def refresh(
        self,
        user: str,
        what: Literal["weights", "texts"] = "weights",
        *,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> RefreshAccepted:
        """Asks for a re-fit of the weights now, or for a refinement of the texts."""
        path = f"/v1/users/{part(user)}/refresh"
        return cast(RefreshAccepted, self._ask("POST", path, json={"what": what}, retry=retry, deadline=deadline))

    def read_wish(self, user: str, text: str, *, retry: bool = False, deadline: float = RETRY_SECONDS) -> ReadWish:
        """What the gateway understands by "less politics, more jazz": edits to show the person, and to send with `edit`
        if they are right. Nothing changes by it."""
        path = f"/v1/users/{part(user)}/edits/read"
        return cast(ReadWish, self._ask("POST", path, json={"text": text}, retry=retry, deadline=deadline))

    def versions(self, user: str, *, retry: bool = False, deadline: float = RETRY_SECONDS) -> Versions:
        """What made each version of the profile, and what it changed, newest first."""
        return cast(Versions, self._ask("GET", f"/v1/users/{part(user)}/versions", retry=retry, deadline=deadline))

    def rollback(
        self,
        user: str,
        version: int,
        *,
        command_id: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> CommandAccepted:
        """Puts an earlier version in the place of today's profile; 0, before the first, takes back all that the person
        ever changed. Status 404 for one that is not remembered."""
        body = {"version": version, "command_id": command_id or uuid.uuid4().hex}
        path = f"/v1/users/{part(user)}/rollback"
        return cast(CommandAccepted, self._ask("POST", path, json=body, retry=retry, deadline=deadline))

    def why(self, user: str, interest: str, *, retry: bool = False, deadline: float = RETRY_SECONDS) -> InterestWhy:
        """What is behind an interest, by its id. Status 404 where the profile has none with it."""
        path = f"/v1/users/{part(user)}/interests/{part(interest)}/why"
        return cast(InterestWhy, self._ask("GET", path, retry=retry, deadline=deadline))

    def explanation(
        self, user: str, provider: str, item: str, *, retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> Explanation:
        """What each interest adds to the score of an item. Status 404 for an item that is not known."""
        path = f"/v1/users/{part(user)}/explanations/{part(provider)}/{part(item)}"
        return cast(Explanation, self._ask("GET", path, retry=retry, deadline=deadline))

    def export(self, user: str, *, retry: bool = False, deadline: float = RETRY_SECONDS) -> ProfileDocument:
        """The profile as a document for `import_profile`, here or elsewhere."""
        path = f"/v1/users/{part(user)}/export"
        return cast(ProfileDocument, self._ask("GET", path, retry=retry, deadline=deadline))

    def import_profile(
        self,
        user: str,
        document: Mapping[str, Any],
        *,
        command_id: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> CommandAccepted:
        """Puts an exported document in the place of what stands in the profile."""
        params = {"command_id": command_id or uuid.uuid4().hex}
        path = f"/v1/users/{part(user)}/import"
        answer = self._ask("POST", path, json=document, params=params, retry=retry, deadline=deadline)
        return cast(CommandAccepted, answer)

    def send_history(
        self,
        user: str,
        content: bytes,
        platform: str = "auto",
        *,
        profile: str | None = None,
        retry: bool = False,
        deadline: float = RETRY_SECONDS,
    ) -> HistoryTaken:
        """A file that a platform gave its user, as it came (a zip or one of its files, 64 MiB at most): what they did
        there feeds their own profile. `profile` says which rows are theirs, where it has several people's. The same
        file again changes nothing. The answer comes when every item is embedded: give the client a timeout of some
        minutes."""
        headers = {"Content-Type": "application/octet-stream"}
        answer = self._ask(
            "POST",
            f"/v1/users/{part(user)}/history",
            content=content,
            params={"platform": platform} if profile is None else {"platform": platform, "profile": profile},
            headers=headers,
            retry=retry,
            deadline=deadline,
        )
        return cast(HistoryTaken, answer)

    def forget(
        self, user: str, *, command_id: str | None = None, retry: bool = False, deadline: float = RETRY_SECONDS
    ) -> ErasureAccepted:
        """Erases everything of this person, for good. `erasure` says how far it is."""
        params = {"command_id": command_id or uuid.uuid4().hex}
        path = f"/v1/users/{part(user)}"
        answer = self._ask("DELETE", path, params=params, retry=retry, deadline=deadline)
        return cast(ErasureAccepted, answer)

    def erasure(self, erasure: str, *, retry: bool = False, deadline: float = RETRY_SECONDS) -> ErasureStatus:
        """Which providers have confirmed an erasure; signed once all have."""
        return cast(ErasureStatus, self._ask("GET", f"/v1/erasures/{part(erasure)}", retry=retry, deadline=deadline))

    def erasure_key(self, *, retry: bool = False, deadline: float = RETRY_SECONDS) -> ErasureKey:
        """The public key that signatures of erasures are checked with."""
        return cast(ErasureKey, self._ask("GET", "/v1/erasures/key", retry=retry, deadline=deadline))
