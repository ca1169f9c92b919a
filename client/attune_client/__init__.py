"""Talks to an Attune gateway: a small client that needs httpx and nothing else of Attune."""

from attune_client.answers import (
    Accepted,
    EditsAccepted,
    Interest,
    Profile,
    Recommendation,
    Recommendations,
    RefreshAccepted,
    Rejected,
    Stage,
    Status,
)
from attune_client.client import AttuneClient
from attune_client.errors import AttuneClientError, GatewayUnreachable

__all__ = [
    "Accepted",
    "AttuneClient",
    "AttuneClientError",
    "EditsAccepted",
    "GatewayUnreachable",
    "Interest",
    "Profile",
    "Recommendation",
    "Recommendations",
    "RefreshAccepted",
    "Rejected",
    "Stage",
    "Status",
]
