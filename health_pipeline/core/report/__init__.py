"""The report's figures: frames of one published day to plain values that a page can show."""
