"""One account across systems: exact keys, in order of trust, each link with its evidence.

Belongs here: resolving source records, attaching account ids, the population of a day. Does not:
reading files, scoring.
"""
