"""One file per subject; each has a `router` that `app.py` puts together."""
