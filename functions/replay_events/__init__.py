"""From a replay's plan to `ingest-bulk`."""
