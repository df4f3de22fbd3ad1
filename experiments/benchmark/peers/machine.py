"""What seconds depend on: the machine, and how busy others kept it meanwhile."""

import os
import platform
import time
from pathlib import Path
from typing import Any

BUSY_FIELDS = (0, 1, 2, 5, 6, 7)
"""User, nice, system, interrupts and stolen time in the first line of /proc/stat (proc_stat(5)); no idling."""


def machine() -> dict[str, Any]:
    """What the seconds depend on."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
        if hasattr(os, "sysconf")
        else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


class Others:
    """Measures how many cores processes that are not ours use, from its making on."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = time.perf_counter(), _busy_seconds(), _own_seconds()

    def cores(self) -> float | None:
        """Their mean number until now, stolen time of a virtual machine included; None where the system does not tell.

        Of our own children it knows those that have ended.
        """
        busy = _busy_seconds()
        if busy is None or self._busy is None:
            return None
        theirs = (busy - self._busy) - (_own_seconds() - self._own)
        return round(max(0.0, theirs / (time.perf_counter() - self._started)), 3)


def _busy_seconds() -> float | None:
    """Seconds that all cores together were busy since the machine started."""
    try:
        ticks = [int(field) for field in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]]
    except (OSError, ValueError):
        return None
    return sum(ticks[field] for field in BUSY_FIELDS if field < len(ticks)) / os.sysconf("SC_CLK_TCK")


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
