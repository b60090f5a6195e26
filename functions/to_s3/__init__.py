"""Events to a bucket of the customer's own, one object each."""
