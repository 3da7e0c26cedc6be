"""The health model: YAML, its written shape, `resolve()`, and the frozen `HealthModel`."""
