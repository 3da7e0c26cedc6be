"""The tables that users read, by the rooms that fill them, as contracts.md promises them.

Belongs here: columns, order, types, keys. Does not: what a column means (`meanings.py`).
"""
