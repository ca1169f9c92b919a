"""The indexes of providers, which live in memory: each is asked for the person by the name that it knew them by."""

from collections.abc import Mapping

from infra.audit.report import Report
from infra.gateway.ports import Search
from schemas.api import SearchBody
from workers.errors import ConfigurationError, SearchUnavailable, UnknownProvider, UnknownSubject


async def look_into_indexes(search: Search, subjects: Mapping[str, str], report: Report) -> None:
    """`subjects` by provider. A service that does not run holds nothing in memory; that it was not asked is said."""
    place = report.place("indexes", "providers")
    for provider, subject in sorted(subjects.items()):
        try:
            await search.search(provider, SearchBody(subject=subject, k=1))
            place.look(True, f"provider {provider}")
        except (UnknownSubject, UnknownProvider):
            place.look(False, "")
        except (SearchUnavailable, ConfigurationError) as error:
            cure = "start the service, or set ATTUNE_GATEWAY_URL to where it listens and ATTUNE_TOKEN to an operator's"
            report.not_looked_at.append(f"the indexes of providers: {error}: {cure}")
            return
