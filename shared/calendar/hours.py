"""The hours of a working day, as arithmetic in microseconds since midnight."""

from datetime import time, timedelta, timezone

# One zone for the whole country and no summer time since 1991, so a fixed offset is exact and needs no time zone data.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


class WorkHours:
    """Morning and afternoon of a working day, local time; without a break `breaks` equals `resumes`."""

    __slots__ = ("_breaks", "_closes", "_morning", "_opens", "_resumes", "length")

    def __init__(
        self,
        opens: time = time(8, 30),
        breaks: time = time(12, 0),
        resumes: time = time(13, 30),
        closes: time = time(17, 30),
    ) -> None:
        if not opens < breaks <= resumes < closes:
            raise ValueError("working hours go from morning to evening")
        self._opens, self._breaks = _since_midnight(opens), _since_midnight(breaks)
        self._resumes, self._closes = _since_midnight(resumes), _since_midnight(closes)
        self._morning = self._breaks - self._opens
        self.length = self._morning + self._closes - self._resumes
        """Microseconds worked in a whole day."""

    @property
    def opens(self) -> timedelta:
        """Since midnight."""
        return timedelta(microseconds=self._opens)

    @property
    def closes(self) -> timedelta:
        """Since midnight."""
        return timedelta(microseconds=self._closes)

    def worked(self, clock: time) -> int:
        """Microseconds worked on a working day by the time `clock`."""
        now = _since_midnight(clock)
        if now <= self._breaks:
            return max(0, now - self._opens)
        if now <= self._resumes:
            return self._morning
        return self._morning + min(now, self._closes) - self._resumes

    def includes(self, clock: time) -> bool:
        """Whether work goes on at `clock`; the last moment before a break and of the day belong to it."""
        now = _since_midnight(clock)
        return self._opens <= now <= self._breaks or self._resumes <= now <= self._closes

    def reached(self, worked: int) -> timedelta:
        """Since midnight: the first moment by which `worked` microseconds (1 to `length`) are done."""
        if worked <= self._morning:
            return timedelta(microseconds=self._opens + worked)
        return timedelta(microseconds=self._resumes + worked - self._morning)

    def resumed(self, worked: int) -> timedelta:
        """Since midnight: when work goes on after `worked` microseconds (0 to under `length`) are done."""
        if worked < self._morning:
            return timedelta(microseconds=self._opens + worked)
        return timedelta(microseconds=self._resumes + worked - self._morning)


def _since_midnight(clock: time) -> int:
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1_000_000 + clock.microsecond
