"""One signal kind a file: `Params`, `META` and `compute`; nothing registers it but its place."""
