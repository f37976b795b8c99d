"""Data sets: one file each, holding the function of the same name that returns a `Dataset` of tensors."""
