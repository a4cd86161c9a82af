"""The root of the exceptions that rblwatch raises on purpose.

Exceptions are for a caller's mistakes and a broken world; at the DNS and SMTP edges, failures are values.
"""


class RblwatchError(Exception):
    """Anything that rblwatch reports in its own words: where, what, what was found, what to do."""


class NothingRegistered(RblwatchError):
    """A configuration registers nothing, where something was watched: it is more likely being written than meant."""
