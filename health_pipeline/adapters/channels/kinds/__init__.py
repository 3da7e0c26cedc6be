"""The kinds of channels: a file here, with `Params`, `DEDUPES`, `missing` and `send`, is one."""
