"""The page in a real Chromium, against the real application on fake ports."""
