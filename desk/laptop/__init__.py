"""The laptop stack: what CDK synthesized, deployed into the emulator and run from staged assets."""

from desk.laptop.address import Address, StackError, attach
from desk.laptop.sandbox import InvocationFailed
from desk.laptop.stack import LaptopStack

__all__ = ["Address", "InvocationFailed", "LaptopStack", "StackError", "attach"]
