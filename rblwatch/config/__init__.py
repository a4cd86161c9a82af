"""The configuration file: TOML in, frozen `core.settings` out, every problem with its line."""

from rblwatch.config.loader import Loaded, load, locate, show, without_effect
from rblwatch.config.problems import ConfigError, Problem

__all__ = ["ConfigError", "Loaded", "Problem", "load", "locate", "show", "without_effect"]
