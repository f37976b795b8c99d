"""What figures are made of: bars ranked, lines with bands, a grid, pictures; each draws on axes it is given."""
