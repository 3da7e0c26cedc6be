"""Reason codes, sentences and the narrative: what the numbers say in words."""
