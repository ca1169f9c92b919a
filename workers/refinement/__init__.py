"""Learning in words: which texts a profile holds, improved against what the person did (Algorithms 1 and 2)."""
