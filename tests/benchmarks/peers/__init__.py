"""Measures the application beside other servers, on one PostgreSQL with the same rows."""
