"""All input and output: files, databases, networks, engines.

Belongs here: how bytes come and go. Does not: any formula of the method.
"""
