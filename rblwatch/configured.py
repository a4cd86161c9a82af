"""The configuration that a command works under: found, read, and seen to be one that can be worked with.

Owns where the configuration's problems come together, and which errors are the admin's to correct. Must not make any
part that works. Imports of heavy parts stand inside functions, so that a command pays only for what it uses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rblwatch.core.errors import NothingRegistered, RblwatchError
from rblwatch.core.request import UnknownList
from rblwatch.core.selection import Catalogue
from rblwatch.core.settings import Resolver, Settings
from rblwatch.core.target import NotATarget
from rblwatch.core.watchlist import Watchlist, watch

if TYPE_CHECKING:
    from rblwatch.config import Loaded, Problem


@dataclass(frozen=True, slots=True)
class Configured:
    """A configuration that was read, and what it makes us watch."""

    path: Path
    settings: Settings
    warnings: tuple[Problem, ...]
    catalogue: Catalogue
    watchlist: Watchlist


def load_catalogue() -> Catalogue:
    """The lists that come with the program."""
    from rblwatch.catalog import load_catalogue as load  # noqa: PLC0415

    return load()


def configure(option: str | None, *, sends: bool = False) -> Configured:
    """Find, read and validate the configuration, for a command that `sends` messages its channels' URLs as well.

    Raises: ConfigError, with every problem in it.
    """
    catalogue = load_catalogue()
    loaded = read_configuration(option, catalogue)
    if sends:
        require_channels(loaded)
    watchlist = watched(loaded.settings, catalogue)
    return Configured(Path(loaded.file), loaded.settings, loaded.warnings, catalogue, watchlist)


def watched(settings: Settings, catalogue: Catalogue) -> Watchlist:
    """What a configuration watches, apart from what is found by name."""
    from rblwatch.naming import registrable  # noqa: PLC0415

    return watch(settings, catalogue, registrable)


def read_configuration(option: str | None, catalogue: Catalogue | None = None) -> Loaded:
    """Find, read and validate the configuration, with all that can be shown of it.

    Raises: ConfigError, with every problem in it.
    """
    from rblwatch.config import load, locate  # noqa: PLC0415

    return load(locate(option, os.environ, Path.cwd()), catalogue or load_catalogue(), os.environ)


def without_effect(loaded: Loaded) -> tuple[Problem, ...]:
    """What the admin wrote down and nothing reads yet."""
    from rblwatch import config  # noqa: PLC0415

    return config.without_effect(loaded)


def written(loaded: Loaded) -> str:
    """The configuration as it takes effect, in TOML, with secrets as `***`."""
    from rblwatch import config  # noqa: PLC0415

    return config.show(loaded)


def require_channels(loaded: Loaded) -> None:
    """See that every channel's URL is one that messages can be sent to; nothing is sent.

    Raises: ConfigError, with the problem of every channel.
    """
    from rblwatch.config import ConfigError, Problem  # noqa: PLC0415
    from rblwatch.notify import validate  # noqa: PLC0415

    said = {position: validate(channel) for position, channel in enumerate(loaded.settings.channels)}
    problems = [
        Problem(loaded.file, loaded.lines.get(("channels", position, "url")), f"channels[{position}].url", problem)
        for position, problem in said.items()
        if problem is not None
    ]
    if problems:
        raise ConfigError(problems)


def configure_if_any(option: str | None) -> Configured | None:
    """`configure`, or None where no file is named and none is at the usual places.

    Raises: ConfigError.
    """
    from rblwatch.config import ConfigError, locate  # noqa: PLC0415

    try:
        locate(option, os.environ, Path.cwd())
    except ConfigError:
        return None
    return configure(option)


def is_mistake(error: RblwatchError) -> bool:
    """Whether an error is the admin's to correct, in the configuration or on the command line."""
    from rblwatch.config import ConfigError  # noqa: PLC0415
    from rblwatch.resolver import NoNameserver, NotANameserver  # noqa: PLC0415

    return isinstance(error, (ConfigError, NotATarget, UnknownList, NothingRegistered, NoNameserver, NotANameserver))


def read_resolver(asking: Mapping[str, object], base: Resolver | None = None) -> Resolver:
    """The resolver's settings from some of their keys, over the others of `base`, or over the defaults.

    Raises: ConfigError.
    """
    from rblwatch.config.section import read_resolver as read  # noqa: PLC0415

    resolver = read(asking)
    return resolver if base is None else replace(base, **{key: getattr(resolver, key) for key in asking})
