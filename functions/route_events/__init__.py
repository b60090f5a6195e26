"""From the ingest queues to the queues of the destinations that take an event."""
