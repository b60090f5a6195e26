"""The laptop stack: what CDK synthesized, deployed into the emulator and run from staged assets."""

from desk.laptop.stack import LaptopStack, attach

__all__ = ["LaptopStack", "attach"]
