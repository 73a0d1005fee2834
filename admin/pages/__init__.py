"""Pages of records by declaration: lists, details, forms, timelines."""
