"""What people read instead of the names that programs use: ``CatBoost`` for ``symmetric_trees``."""

import re
from functools import cache

from experiments.metrics import METRICS
from models.registry import names, spec


@cache
def model_title(name: str) -> str:
    """What people call a family or baseline; the name itself of anything else, such as ``ensemble``."""
    return spec(name).title if name in names() else name


def with_titles(text: str) -> str:
    """A sentence, in it the titles of families and metrics in the place of their names.

    Names of one plain word (``tree``, ``accuracy``) stay: they may be words of the sentence.
    """
    return _name_pattern().sub(lambda found: _title(found[0]), text)


@cache
def _name_pattern() -> re.Pattern[str]:
    found = sorted((name for name in (*names(), *METRICS) if "_" in name), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, found))})(?![\w-])")


def _title(name: str) -> str:
    return METRICS[name].title if name in METRICS else model_title(name)
