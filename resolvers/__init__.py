"""The GraphQL window on the domain."""
