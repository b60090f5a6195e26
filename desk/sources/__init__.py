"""Pausing a source, and what becomes of what it holds."""
