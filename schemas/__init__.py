"""The contracts: one pydantic model per message, profile and API body. Nothing here knows how they move or are kept."""
