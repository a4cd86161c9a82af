"""Watch the room that the database has left, and say in time that it runs out.

Owns when that is told, and the reserve: a file that takes up room while there is enough, and is given up when there is
next to none, so that receipts and the warning itself can still be written: on a full disk not even deleting works.
Must not delete history.
"""

from __future__ import annotations

import logging
from datetime import datetime

from rblwatch.core.alert import Group, Kind
from rblwatch.core.room import TOLD_EVERY, Room
from rblwatch.core.routing import Subject
from rblwatch.core.settings import Topic
from rblwatch.services.announce import Announcement, Announcer
from rblwatch.services.policy import Policy
from rblwatch.store.database import Store
from rblwatch.store.repository import Repository
from rblwatch.store.rows import NewNews

_log = logging.getLogger(__name__)
_KEY = "the disk is almost full"


def room_warning(where: str, room: Room | None) -> str | None:
    """What an admin is to know of the room that is left; None: nothing."""
    if room is None or not room.is_low:
        return None
    return (
        f"the disk of the database {where} is almost full ({room}): make room, before nothing can be recorded any more"
    )


class RoomWatch:
    """Looks at the disk from time to time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._was_low = False

    async def look(self, policy: Policy, at: datetime) -> None:
        """Look once: log a change, keep or give up the reserve, and tell what is to be told.

        Raises: StoreError.
        """
        room = self._store.room()
        if room is None:
            return
        if room.is_scarce and self._store.give_up_reserve():
            _log.error("disk.reserve_given_up", extra={"free_bytes": room.free})
        elif room.free > 2 * room.low_bytes:
            self._store.keep_reserve(room.reserve_bytes)
        warning = room_warning(self._store.where, room)
        if (warning is not None) != self._was_low:
            level, event = (logging.ERROR, "disk.low") if warning else (logging.INFO, "disk.roomy")
            _log.log(level, event, extra={"free_bytes": room.free, "total_bytes": room.total})
        if warning is not None:
            await self._store.write(lambda repo: _tell(repo, policy, warning, at))
        # Only now: what could not be written is tried again.
        self._was_low = warning is not None


def _tell(repo: Repository, policy: Policy, warning: str, at: datetime) -> None:
    told_at = repo.last_alert_at(Group.NOTICE, _KEY)
    if told_at is None or at - told_at >= TOLD_EVERY:
        news = NewNews(kind=Kind.NOTICE, at=at, text=warning)
        Announcer(repo, policy, at).announce([Announcement(news, Subject(topic=Topic.BLIND), Group.NOTICE, _KEY)])
