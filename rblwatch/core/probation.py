"""When a list that is set aside, since it cannot be believed, is probed again.

Nothing but its probes is asked of it meanwhile. The longer it has been in trouble, the longer it is left alone: each
wait is as long as the trouble has lasted, within bounds. So a passing fault is soon over, and a dead list costs little.
When a probe is due follows from what is stored alone, so that a restart changes nothing.

Owns that schedule. Must not know what is asked, nor what an operator's daily number leaves room for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from rblwatch.core.blocklist import Blocklist
from rblwatch.core.incident import Condition
from rblwatch.core.rhythm import minimum
from rblwatch.core.settings import Schedule

#: A list is left alone for no longer, however rarely the admin wants rounds: it may be back.
LONGEST_WAIT = timedelta(hours=1)


def shortest_wait(schedule: Schedule, blocklist: Blocklist) -> timedelta:
    """How long a list, or a single pair of it, is left alone at the least."""
    return max(schedule.recheck_listed, minimum(blocklist))


def probe_wait(
    condition: Condition, probed_at: datetime, *, schedule: Schedule, blocklist: Blocklist, blind_after: timedelta
) -> timedelta:
    """How long after probes that left a list in an untrusted condition it is probed again.

    At most for an interval or an hour, whichever is less, unless the list's own policy says otherwise; but when people
    are to be told of trouble that has lasted for `blind_after`, it is seen whether it lasts, policy permitting.
    What caches repeat meanwhile costs its operator nothing, and a cache may have been emptied.
    """
    shortest = shortest_wait(schedule, blocklist)
    longest = max(shortest, min(schedule.interval, LONGEST_WAIT))
    lasted = probed_at - condition.since_at
    wait = min(max(lasted, shortest), longest)
    return max(min(wait, blind_after - lasted), minimum(blocklist)) if blind_after > lasted else wait
