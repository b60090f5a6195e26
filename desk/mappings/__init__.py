"""Mapping documents on a desk: their cases, and what a change of one changes."""
