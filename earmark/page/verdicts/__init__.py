"""Keep, skip and undo; and which tracks are worth asking about."""
