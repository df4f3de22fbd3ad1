"""The demo listener: invented artists, tracks and one taste, all from a seed (``styles``, ``music``, ``listener``)."""
