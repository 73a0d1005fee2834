"""The composition root: settings, database, endpoints and the command; nobody imports it."""
