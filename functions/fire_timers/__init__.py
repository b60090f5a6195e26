"""Facts of absence: what has not happened, and that an interaction is over."""
