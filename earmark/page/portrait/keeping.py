"""Answers that are made once and asked for often."""

import weakref
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from cachetools import LRUCache

T = TypeVar("T")


class Kept(Generic[T]):
    """The answers that were asked for last. They are made one at a time: asked for by two threads at once, one is made.

    Parameters
    ----------
    most : int
        How many are kept.
    """

    def __init__(self, most: int) -> None:
        self._lock = Lock()
        self._making = Lock()
        self._kept: LRUCache[Hashable, tuple[weakref.ref[object] | None, T]] = LRUCache(most)

    def get(self, key: Hashable, make: Callable[[], T], *, source: object = None) -> T:
        """The answer of this key.

        Parameters
        ----------
        key : hashable
        make : callable
            What makes it where it is not kept.
        source : object, optional
            What it is made from: an answer from another object of the same key is out of date.
        """
        found = self._find(key, source)
        if found is not None:
            return found[0]
        with self._making:
            found = self._find(key, source)
            if found is not None:
                return found[0]
            made = make()
            with self._lock:
                self._kept[key] = (None if source is None else weakref.ref(source), made)
            return made

    def _find(self, key: Hashable, source: object) -> tuple[T] | None:
        with self._lock:
            kept = self._kept.get(key)
        if kept is None:
            return None
        origin, answer = kept
        if source is not None and (origin is None or origin() is not source):
            return None
        return (answer,)
