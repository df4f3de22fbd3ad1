"""What a track is: the schema of a tracks table, its checks, and how models see its features."""
