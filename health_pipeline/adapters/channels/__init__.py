"""Where a message can go, and how it is worded; one kind of channel a file in `kinds/`.

Belongs here: kinds, their parameters, the words and credentials that they share. Does not: when a
message is sent again (`adapters/store/deliver.py`), who is told what (`core/alerts`).
"""
