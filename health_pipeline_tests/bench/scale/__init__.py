"""The event-scale world that `make bench` measures, and what is measured on it.

Belongs here: its generator, the work and what stands beside it, each run in a process of its own.
"""
