"""Receivers on this machine that behave as the providers do, and misbehave on a script.

Each keeps what it was sent and what it made of it. They follow the providers' published rules:
statuses, bodies, limits, what merges and what does not.
"""
