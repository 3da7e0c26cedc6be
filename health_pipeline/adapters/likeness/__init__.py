"""Trained models of likeness. Belongs here: what needs an extra. Does not: rules (`core`)."""
