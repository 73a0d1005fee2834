"""The back-office window on the domain."""
