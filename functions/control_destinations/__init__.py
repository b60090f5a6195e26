"""Which destinations are polled: not the paused ones, nor those that are down for long."""
