"""Events to any https endpoint, signed as Standard Webhooks says."""
