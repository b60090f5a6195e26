"""The deployed units, one folder each."""
