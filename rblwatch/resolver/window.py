"""How many questions may be on their way to one nameserver at once.

Owns the number in flight and its limit, which grows as answers come and shrinks on loss that is congestion. Must not
know sockets or lists, nor read a clock.

A server's socket buffer holds about a hundred packets, and what comes while it is full is lost without a word. So the
limit starts below that and is found by trial, one sample at a time: a sample is a window's worth of questions, and it
is judged when the fate of each of them is known.
"""

from __future__ import annotations

from math import sqrt

_START = 64
_LEAST = 16
#: Beyond this, nothing is gained. Source: pitfalls, "Asking".
_MOST = 4096
#: After the first congestion: by how much a good sample raises the limit, and how often that may happen.
_STEP = 1.05
_STEP_S = 0.1
#: A shrunk window stays a little below what the server took.
_MARGIN = 0.95
#: Loss that a smaller window would not end: the share of questions lost that is taken for granted.
_LEAST_TOLERATED = 0.01
_MOST_TOLERATED = 0.4


class Window:
    """The limit of one nameserver, and how much of it is used.

    Loss that does not fall when the window shrinks is not congestion (a bad line loses a share of everything): it
    becomes tolerated, and the window returns to what it was.
    """

    __slots__ = (
        "_before",
        "_loss_before",
        "_lost",
        "_sampled",
        "_searching",
        "_stepped_at",
        "_tolerated",
        "_was_full",
        "_won",
        "in_flight",
        "limit",
        "sample",
    )

    def __init__(self) -> None:
        self.limit = float(_START)
        self.in_flight = 0
        self.sample = 1
        """The number of the current sample; 0 is used for questions that are in none."""
        self._sampled = self._won = self._lost = 0
        self._was_full = False
        self._searching = True
        self._stepped_at = float("-inf")
        self._tolerated = _LEAST_TOLERATED
        self._before: float | None = None
        self._loss_before = 0.0

    @property
    def room(self) -> int:
        """How many more may be sent now."""
        return int(self.limit) - self.in_flight

    def full(self) -> None:
        """Note that there was more to send than room: only a window that is used may grow."""
        self._was_full = True

    def join(self) -> int:
        """Put a question that is sent for the first time into the current sample; 0 when that is complete."""
        if self._sampled >= max(self.limit, _START):
            return 0
        self._sampled += 1
        return self.sample

    def won(self, sample: int, now_s: float) -> None:
        """A question was answered."""
        if sample == self.sample:
            self._won += 1
            self._judge(now_s)

    def lost(self, sample: int, now_s: float) -> None:
        """A question was not answered in time, though its list answers."""
        if sample == self.sample:
            self._lost += 1
            self._judge(now_s)

    def forget(self, sample: int) -> None:
        """A question tells nothing, since its list is silent: it is out of the sample."""
        if sample == self.sample:
            self._sampled -= 1

    def _judge(self, now_s: float) -> None:
        judged = self._won + self._lost
        if judged < max(self._sampled, self.limit, _START):
            return
        loss = self._lost / judged
        # Two standard deviations: a small sample of a bad line may lose more than the line does.
        noise = 2 * sqrt(self._tolerated * (1 - self._tolerated) / judged)
        if loss <= self._tolerated + noise:
            self._grow(loss, now_s)
        elif self._before is not None and loss > 0.75 * self._loss_before:
            self._tolerate(loss)
        else:
            self._shrink(loss, now_s)
        self.sample += 1
        self._sampled = self._won = self._lost = 0
        self._was_full = False

    def _grow(self, loss: float, now_s: float) -> None:
        self._before = None
        if loss < self._tolerated / 2:
            self._tolerated = max(_LEAST_TOLERATED, 0.9 * self._tolerated)
        if not self._was_full:
            return
        if self._searching:
            self.limit = min(2 * self.limit, _MOST)
        elif now_s - self._stepped_at >= _STEP_S:
            self._stepped_at = now_s
            self.limit = min(_STEP * self.limit, _MOST)

    def _tolerate(self, loss: float) -> None:
        self._tolerated = min(1.2 * loss, _MOST_TOLERATED)
        self.limit = self._before or self.limit
        self._before = None
        # What was taken for the end of the way was none.
        self._searching = True

    def _shrink(self, loss: float, now_s: float) -> None:
        self._before, self._loss_before = self.limit, loss
        self._stepped_at = now_s
        self._searching = False
        self.limit = max(_LEAST, self.limit * max(0.5, 1 - loss) * _MARGIN)
