"""Looks for what is left of a person who was erased, in every place where something might be."""
