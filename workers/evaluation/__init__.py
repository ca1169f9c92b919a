"""How good profiles are: ranking metrics, and how sure one can be of their means. Pure; nothing here knows a file."""
