"""The door over HTTP: events and items go in, profiles and recommendations come out, and a page shows it live.

Start at `app.py`; each file of `endpoints/` is one subject; `problems.py` is what every error looks like.
"""
