"""Switchboard: 8x8 events, verified, mapped and delivered once, in order."""
