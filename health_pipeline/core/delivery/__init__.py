"""What leaves for other systems, by one set of names."""
