"""Watch what nameservers do to answers, from what sweeps hear anyway.

Owns what was heard last of each list, and that a change of what it shows is logged. Must not ask a list: that would
cost its operator questions, and say nothing that the next batch does not say.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from rblwatch.core.diagnosis import diagnose
from rblwatch.core.examination import Heard
from rblwatch.core.fault import Diagnosis
from rblwatch.core.outage import Lane
from rblwatch.core.prescriptions import PRESCRIPTIONS
from rblwatch.ports import Clock
from rblwatch.services.asked import Asked
from rblwatch.services.diagnose import Examiner

_log = logging.getLogger(__name__)

#: A round brings its answers over some time; they are looked at together.
_SETTLES_S = 1.0
#: While answers come without a pause, they are looked at this often all the same.
_LONGEST_S = 15.0


class Vigil:
    """What is known of the nameservers under one configuration."""

    def __init__(self, examiner: Examiner, clock: Clock) -> None:
        self._examiner = examiner
        self._clock = clock
        self._heard: dict[Lane, tuple[str, Heard]] = {}
        self._told: dict[str, tuple[Diagnosis, ...]] = {}
        self._first_s: float | None = None
        """When the first answer came that was not looked at yet; None: there is none."""
        self._last_s = 0.0

    def note(self, asked: Asked) -> None:
        """Remember what a list answered to its probes."""
        heard = Heard(asked.blocklist, asked.family, asked.result.probes)
        self._heard[asked.blocklist.id, asked.family] = asked.result.nameserver, heard
        self._last_s = self._clock.monotonic_s()
        self._first_s = self._first_s if self._first_s is not None else self._last_s

    async def look(self) -> None:
        """Log what is wrong with each nameserver, and when nothing is any more, where that has changed."""
        now_s = self._clock.monotonic_s()
        if self._first_s is None or (now_s - self._last_s < _SETTLES_S and now_s - self._first_s < _LONGEST_S):
            return
        self._first_s = None
        for nameserver in sorted({nameserver for nameserver, _ in self._heard.values()}):
            heard = tuple(one for through, one in self._heard.values() if through == nameserver)
            found = diagnose(await self._examiner.touch(nameserver, heard))
            before = self._told.get(nameserver)
            if before is None or _faults(before) != _faults(found):
                _tell(nameserver, found, len({one.blocklist.id for one in heard}))
            self._told[nameserver] = found


def _faults(found: Iterable[Diagnosis]) -> set[Diagnosis]:
    """What makes a difference: which lists are blinded by what; what it looked like in detail may change."""
    return {replace(diagnosis, seen="") for diagnosis in found}


def _tell(nameserver: str, found: tuple[Diagnosis, ...], lists: int) -> None:
    if not found:
        _log.info("resolver.sound", extra={"nameserver": nameserver, "lists": lists})
    for diagnosis in found:
        words = PRESCRIPTIONS[diagnosis.fault]
        fields = {
            "nameserver": nameserver,
            "finding": diagnosis.fault.value,
            "seen": diagnosis.seen,
            "blinds": list(diagnosis.blinds),
            "effect": words.effect,
            "remedy": words.remedy,
        }
        _log.log(logging.ERROR if diagnosis.blinds else logging.INFO, "resolver.finding", extra=fields)
