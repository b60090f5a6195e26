"""Replays as an operator plans, looks at, runs and follows them."""
