"""Say on which machine, with which versions, something was measured."""

import datetime
import os
import platform
from importlib.metadata import version
from pathlib import Path

from course_lib.platform import available_cores

_STOLEN = 8  # after "cpu": user, nice, system, idle, iowait, irq, softirq, steal


def describe_machine() -> dict[str, str | int | float]:
    """Return processor, cores, load, system and versions, as they belong beside every measured figure."""
    return {
        "measured": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": available_cores(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else -1,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "torchvision", "numpy")},
    }


def stolen_seconds() -> float:
    """Return for how long, in all, a virtual machine's processors had work and had to wait for their host.

    The host was busy with other machines then. 0 where the system does not say: Linux does.
    """
    times = Path("/proc/stat")
    total = times.read_text().splitlines()[0].split() if times.exists() else []
    return int(total[_STOLEN]) / os.sysconf("SC_CLK_TCK") if len(total) > _STOLEN else 0.0


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
