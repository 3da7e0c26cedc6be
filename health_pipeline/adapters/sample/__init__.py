"""A seeded sample world with its truth kept apart.

Knows `core.schemas` and nothing else of the product.
"""
