"""Driver states and their transitions, and which transitions are told."""
