"""The three stores: the lake, control.db, and the views of health.duckdb."""
