"""From subscores to groups, score, tier, gate, coverage and contributions."""
