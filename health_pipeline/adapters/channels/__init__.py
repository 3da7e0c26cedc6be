"""Where a message can go; one channel a file, found by folder."""
