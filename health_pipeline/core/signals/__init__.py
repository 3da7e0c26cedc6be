"""Raw values of signals, one kind a file in `kinds/`, found by folder.

Belongs here: what is measured and how it is said. Does not: thresholds of a segment, weights.
"""
