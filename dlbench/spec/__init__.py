"""What YAML says: recipes, studies and claims. Knows no torch."""
