"""How tables look: one file a format, file name == function name, each `(tables) -> text`."""
