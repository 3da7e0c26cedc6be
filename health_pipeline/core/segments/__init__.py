"""Which segment an account is in, and what is normal there: knots, baselines, 0 to 100."""
