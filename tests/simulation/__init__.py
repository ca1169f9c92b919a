"""The real stages under one seeded scheduler with virtual time, and a checker of its own (`docs/guarantees.md`).

A seed is a whole run: people and providers who send, workers that crash, freeze and come back, a store and a log that
fail before or after they did what was asked. The same seed is the same run, to the last byte of its trace.

    python -m tests.simulation 4711        plays one seed, prints its trace and what is wrong
    make simulate SEEDS=10000              plays so many, on all cores
"""
