"""The world outside, second half: systems that take deliveries, in a process of its own.

They know nothing of the product: they check the Standard Webhooks signature, write down what they
stored, and fail when they are told to.
"""
