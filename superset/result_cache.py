"""Where results of charts are kept: in files, many of which no key asks for any more."""

from __future__ import annotations

from pathlib import Path
from time import time
from typing import Any

from flask_caching.backends.filesystemcache import FileSystemCache

# Of the files that may be kept, after a cleaning.
_KEPT_RATIO = 0.75


class ResultCache(FileSystemCache):  # type: ignore[misc] # flask-caching ships no types
    """A file cache that makes room for many at once.

    The one that it is made of removes a single file when it is full, and opens all of them to find it, at each result
    that is kept: with a new version of the data after each build it would always be full.
    """

    def _prune(self) -> None:
        if not self._over_threshold():
            return
        files = []
        for path in self._list_dir():
            try:
                files.append((Path(path).stat().st_mtime, path))
            except FileNotFoundError:
                # Another process is cleaning too.
                continue
        newest = sorted(files, reverse=True)[: int(self._threshold * _KEPT_RATIO)]
        kept = {path for written, path in newest if written > time() - self.default_timeout}
        for _written, path in files:
            if path not in kept:
                Path(path).unlink(missing_ok=True)
        self._update_count(value=len(kept))


def make_cache(_app: Any, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> ResultCache:
    """What `CACHE_TYPE` names."""
    cache: ResultCache = ResultCache.factory(_app, config, args, kwargs)
    return cache
