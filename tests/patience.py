"""How long tests wait: for what must happen, and at most for what must not wait.

The machine that runs the tests may be slow, or busy with something else for seconds: no test may fail by that. So
nothing here is a promise of speed (those are measured in benchmarks/), and a test waits for the event, not for a time.
"""

# Seconds after which what must happen has not happened. Only a test that fails waits for so long; below the limit of
# pytest for one test, so that it fails by its own words.
PATIENCE = 30.0

# Seconds within which what waits for nothing has ended. What it must not wait for takes LONG, and is given up at the
# end of the test: between the two there is room for a machine that stood still for a while.
AT_ONCE = 10.0
LONG = 120.0
