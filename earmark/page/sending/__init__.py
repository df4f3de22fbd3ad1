"""Kept tracks as files, and as a playlist of the account."""
