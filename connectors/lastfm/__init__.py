"""Last.fm: the tracks that a user loved."""
