"""Timings and ratios, written to docs/benchmarks.md by `make bench`.

Belongs here: what is measured and how. Two things are compared only when they were timed in one
run, in turns; CPU stands beside wall time. Does not: tests of results.
"""
