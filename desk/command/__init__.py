"""The `switchboard` command."""

from desk.command.app import main

__all__ = ["main"]
