"""What a shape cannot say: one small function a rule, each yielding the issues that it finds."""
