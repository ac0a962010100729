"""What outlives a process: migrations and the published API documents. Ships as meetserver.schema."""
