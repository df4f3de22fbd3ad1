"""Spotify: signing in, reading an account, writing playlists. The only room that knows spotipy."""
