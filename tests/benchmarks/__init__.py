"""Measures what performance.md promises: the application beside hand-written routes, in one run on one store."""
