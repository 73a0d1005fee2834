"""The domain: words, rows, rules, transitions and actions of each noun; importing it loads every table."""
