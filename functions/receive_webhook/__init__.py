"""Webhooks in: verified, named, and in the ingest queue before they are answered."""
