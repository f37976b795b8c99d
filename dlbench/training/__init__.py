"""Learning rules, one file each: a rule is a generator that learns and yields a `Step` after every update."""
