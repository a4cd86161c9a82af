"""The blocklists that come with the program: `blocklists.toml`, and the one way to read it."""

from rblwatch.catalog.loader import load_catalogue
from rblwatch.catalog.stanza import CatalogueError

__all__ = ["CatalogueError", "load_catalogue"]
