"""Our own sample: a small catalog of three providers, and simulated people whose tastes drift."""
