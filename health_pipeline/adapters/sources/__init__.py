"""Sources that land the tables of contracts.md; one source a file."""
