"""What outlives a process: migrations and the published API documents. Ships as meetserver.schema."""

HEAD = "0001"
"""The newest migration: a database that has it needs no look at the scripts."""
