"""Usage at user-day grain and the windows over it.

Belongs here: the roll-up SQL, distinct-user windows, the judgement whether a source delivered.
Does not: signals.
"""
