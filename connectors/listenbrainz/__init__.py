"""Love and hate that a listener gave on ListenBrainz: explicit labels of both kinds, open to everyone who asks."""
