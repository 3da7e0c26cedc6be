"""The report as one HTML file: rendering, packing and writing; figures come from `core.report`."""
