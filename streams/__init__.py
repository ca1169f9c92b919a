"""How messages move: the table of topics, the runners, and one thin module per stage."""
