"""The page: rank a playlist, see why, keep or skip, train, and send the likes back, on this machine only.

Each view is a package of its own with the same parts: pure functions that make its answers, `api` (the JSON under
``/api/v1``), `pages` (the HTML), templates and, where it needs one, a script.
"""
