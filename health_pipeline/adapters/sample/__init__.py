"""A seeded sample world of a software vendor and its customers, with its truth kept apart.

Knows `core.schemas` and nothing else of the product; nothing in here knows the time of day.
`generate` makes the world, `write` turns it into a folder of sources and a folder of truth.

The files also hold 21 broken rows (`World.defects` lists each with its rule): unreadable dates and
numbers, missing keys, values off a closed list, numbers out of bounds, an event of the last
century. Beside them, and meant to be coped with: one event in a hundred arrives twice, two in a
hundred arrive days late, the product delivers nothing on up to three days, a week of tickets is
lost, one record in forty can be linked by no rule, and a few users sign up with free mail.
"""

from __future__ import annotations

from health_pipeline.adapters.sample.names import FREE_MAIL_DOMAINS
from health_pipeline.adapters.sample.world import World, generate
from health_pipeline.adapters.sample.write import FILES, write

__all__ = ["FILES", "FREE_MAIL_DOMAINS", "World", "generate", "write"]
