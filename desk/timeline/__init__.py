"""What an operator asks about events: their timeline, where they are, and why."""
