"""The world outside, first half: vendors that sign webhooks and send them, in a process of its own.

It knows nothing of the product: what it sends, and what is to become of it, it says in its log.
"""
