"""Where audio features come from since Spotify closed them: a chain of sources, each asked for what is still missing.

``chain`` walks the ``links`` (``spotify``, ``catalogue``, ``reccobeats``) over what ``wanted`` finds missing in the
library; ``values`` checks every answer; ``coverage`` says what is known in the end and from whom.
"""
