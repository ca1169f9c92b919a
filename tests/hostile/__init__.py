"""What nobody should send, at every door and in every topic.

`spoiled` makes bad inputs from good ones, by seed. Each *target* (`parsers`, `stages`, `doors`, `files`) takes one and
says whether it was taken; it raises where a promise is broken: no crash, no 500, nothing changed by what is refused,
and nothing refused further in that a door has accepted. `python -m tests.hostile --inputs N` runs them all.
"""
