"""Plays that the listener does not want to be judged by: incognito, asleep, shuffled, shared, of another time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import InputError

_DAY: Final = 86_400
_ZONES: Final = "zoneinfo/"


@dataclass(frozen=True, kw_only=True)
class Exclusions:
    """Which plays to leave out. A play belongs to the moment at which it ended, the only one that exports tell.

    Parameters
    ----------
    incognito : bool
        Leave out what was played in a private session.
    shuffled : bool
        Leave out what came in shuffled order: some accounts and devices cannot choose another.
    devices : tuple of str
        Leave out what was played on platforms whose name holds one of these, in any case: a kitchen's speaker and a
        family's television are heard by others, too.
    hours : (int, int), optional
        First hour and the hour after the last, local time, 0..24: (1, 6) is 01:00 to 05:59; (23, 5) goes over midnight.
    after, before : date, optional
        Keep plays from the start of the day ``after`` on, and up to the start of the day ``before``, local time.
    time_zone : str, optional
        IANA name of the local time, such as Europe/Paris; this machine's where not given.
    """

    incognito: bool = False
    shuffled: bool = False
    devices: tuple[str, ...] = ()
    hours: tuple[int, int] | None = None
    after: date | None = None
    before: date | None = None
    time_zone: str | None = None

    def __post_init__(self) -> None:
        if not all(device.strip() for device in self.devices):
            raise InputError("a device without a name would be any device", "name it as your export does")
        if self.hours is not None:
            _check_hours(self.hours)
        if self.after and self.before and self.after >= self.before:
            raise InputError(f"no day is on or after {self.after} and before {self.before}", "exchange the two dates")
        if self.time_zone is not None:
            zone(self.time_zone)

    @property
    def need_local_time(self) -> bool:
        """Whether the time zone matters."""
        return bool(self.hours or self.after or self.before)

    def shared(self, platforms: Sequence[object]) -> npt.NDArray[np.bool_]:
        """Which plays were on a device to be left out, shape (n_plays,); one whose platform is not told was not."""
        wanted = [device.strip().casefold() for device in self.devices]
        named = [platform.casefold() if isinstance(platform, str) else "" for platform in platforms]
        return np.array([any(device in name for device in wanted) for name in named], dtype=bool)

    def asleep(self, ended_at: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Which plays ended in the hours to be left out.

        Parameters
        ----------
        ended_at : ndarray of int64, shape (n_plays,)
            Seconds since 1970, UTC.
        """
        if self.hours is None:
            return np.zeros(len(ended_at), dtype=bool)
        first, end = self.hours
        hour = pd.DatetimeIndex(pd.to_datetime(ended_at, unit="s", utc=True)).tz_convert(zone(self.time_zone)).hour
        inside = (hour >= first) & (hour < end) if first < end else (hour >= first) | (hour < end)
        return np.asarray(inside, dtype=bool)

    def out_of_range(self, ended_at: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
        """Which plays ended before or after the wanted days; shape as ``ended_at``."""
        outside = np.zeros(len(ended_at), dtype=bool)
        if self.after:
            outside |= ended_at < self._midnight(self.after)
        if self.before:
            outside |= ended_at >= self._midnight(self.before)
        return outside

    def _midnight(self, day: date) -> float:
        return datetime(day.year, day.month, day.day, tzinfo=zone(self.time_zone)).timestamp()


def parse_hours(text: str) -> tuple[int, int]:
    """Read "1-6": the first hour and the hour after the last.

    Raises
    ------
    InputError
        For anything else than two different hours of the day.
    """
    first, dash, end = text.partition("-")
    if not (dash and first.strip().isdecimal() and end.strip().isdecimal()):
        raise InputError(f"'{text}' are no hours", "write the first hour and the hour after the last, like 1-6 or 23-5")
    hours = int(first), int(end)
    _check_hours(hours)
    return hours


def parse_day(text: str) -> date:
    """Read a day as YYYY-MM-DD.

    Raises
    ------
    InputError
        For anything else.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no date", "write it like 2024-12-31") from None


def zone(name: str | None) -> ZoneInfo:
    """The time zone of a name; this machine's where None, UTC where that cannot be told.

    Raises
    ------
    InputError
        Where there is no such time zone.
    """
    try:
        return ZoneInfo(name if name is not None else _of_this_machine())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        if name is None:
            return ZoneInfo("UTC")
        raise InputError(f"there is no time zone '{name}'", "give its IANA name, like Europe/Paris") from None


def latest_possible(now: datetime) -> int:
    """Seconds since 1970 after which no honest play can have ended: a day from now, for clocks go wrong."""
    return int(now.astimezone(UTC).timestamp()) + _DAY


def _of_this_machine() -> str:
    named = os.environ.get("TZ", "").removeprefix(":")
    if named:
        return named
    linked = str(Path("/etc/localtime").resolve())
    return linked.partition(_ZONES)[2] if _ZONES in linked else "UTC"


def _check_hours(hours: tuple[int, int]) -> None:
    first, end = hours
    if not (0 <= first <= 23 and 0 <= end <= 24) or first == end:
        raise InputError(
            f"{first}-{end} are no hours of the day",
            "write the first hour (0 to 23) and the hour after the last (0 to 24), like 1-6 or 23-5",
        )
