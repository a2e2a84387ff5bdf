"""Period reports: from the log and the store to the report, its files, and their verification."""
