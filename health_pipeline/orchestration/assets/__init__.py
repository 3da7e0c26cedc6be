"""One file a stage; bodies read, call core, publish."""
