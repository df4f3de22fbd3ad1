"""The exports that Spotify gives a listener of their own data: streaming history and library."""
