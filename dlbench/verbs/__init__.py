"""What a command does once its arguments are parsed: one file a verb, as `dlbench/cli/` calls them."""
