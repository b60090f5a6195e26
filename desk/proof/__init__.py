"""The proof of a day: every event that was recorded, and where each of its deliveries is."""
