"""One file a study: its tables and its figure."""
