"""The Fargate task that reads 8x8's event streams into the ingest queues."""
