"""A self-hosted meeting server: rooms that outlive the process that runs them."""

__version__ = "0.1.0"
