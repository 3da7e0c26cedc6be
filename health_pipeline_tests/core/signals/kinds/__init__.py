"""One case table for each signal kind, found by the kind's name."""
