"""Likeness of company names: what no exact key decides, with a probability and its reasons.

Belongs here: words and forms of names, candidate search, weights, proposals. Does not: exact keys
(`clusters`), account ids (`ids`), trained models (`adapters.likeness`).
"""
