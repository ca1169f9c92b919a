"""What holds for every test: the examples that Hypothesis draws are the same ones in each run of the same code."""

from hypothesis import HealthCheck, settings

# A change is judged by what it changes, not by luck: Hypothesis' own profile for that draws the same examples each
# time, remembers none, and minds neither a slow example nor a slow machine. A drawn example that fails in the whole
# suite says, with the blob that it prints, how to have it again in a run of its own.
settings.load_profile("ci")

# Other examples each time, for whoever looks for what nobody has found yet: `pytest --hypothesis-profile=explore`
# (and `make hostile` for the parsers and endpoints). What it finds becomes an @example, or a test of its own.
settings.register_profile(
    "explore", settings.get_profile("default"), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
