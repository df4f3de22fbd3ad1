"""Versions of Python and of the libraries that results depend on."""

import platform
from importlib.metadata import PackageNotFoundError, version

LEARNERS = ("numpy", "scikit-learn", "xgboost-cpu", "xgboost", "optuna", "keras", "tensorflow-cpu", "tensorflow")
"""Another version of one of these may score the same trial differently."""
OTHERS = ("earmark", "pandas", "mlflow", "pandera")


def versions(names: tuple[str, ...] = OTHERS + LEARNERS) -> dict[str, str]:
    """Installed versions by distribution, and Python's own; distributions that are not installed are left out."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
