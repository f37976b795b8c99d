"""Architectures: one file a model, named like the function in it, drawn as its paper draws it."""
