"""The version of dlbench, which a run keeps."""

__version__ = "0.1.0"
