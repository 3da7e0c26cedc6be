"""Exit codes, the same for every command."""

OK = 0
FAILED = 1
BAD_MODEL_OR_ARGUMENT = 2
DONE_WITH_FAILED_TABLES = 3
