"""The drill: a steady stream, a destination that goes down, another that is flooded, and kills.

It runs what the demo runs. Its figures come from the logs of those outside and of the emulator.
"""
