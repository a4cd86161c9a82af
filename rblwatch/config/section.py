"""One section of the configuration alone, for a command that works without a file.

Owns that what is typed on a command line has the notation, the limits and the defaults of the file. Must not read
files.
"""

from __future__ import annotations

from collections.abc import Mapping

from rblwatch.config.problems import ConfigError, Problems
from rblwatch.config.schema import read_resolver_table
from rblwatch.config.table import Table
from rblwatch.core.settings import Resolver


def read_resolver(values: Mapping[str, object]) -> Resolver:
    """The section `[resolver]` from its keys, in TOML's types; keys that are absent have their defaults.

    Raises: ConfigError, whose problems name no file.
    """
    problems = Problems("", {})
    resolver = read_resolver_table(Table(values, (), problems))
    if problems.errors:
        raise ConfigError(problems.errors)
    return resolver
