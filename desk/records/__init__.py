"""What the tables hold, read with the operator's credentials: events, and the ledger's entries."""
