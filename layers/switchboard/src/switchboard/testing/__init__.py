"""Fakes, factories and contract suites. Not part of the wheel, and so not of any layer."""
