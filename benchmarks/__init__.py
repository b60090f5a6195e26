"""What `make bench` measures: ratios and counts of one run on one machine."""
