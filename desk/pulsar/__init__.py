"""The world outside, third part: a server that speaks Apache Pulsar's WebSocket protocol.

It behaves as Pulsar 4.0.8 does, quirks included, and knows nothing of the product: what it
published, and which faults it injected, it says in its log.
"""
