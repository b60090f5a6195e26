"""The main job, whole, on the laptop: vendors send, the product delivers, and a verdict is given.

The verdict comes from what the sender sent and what the stand-ins stored, in processes that know
nothing of the product; what the product says of itself is shown, and decides nothing.
"""
