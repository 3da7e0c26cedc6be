"""Executors of the roll-up SQL."""
