"""Where this listener's likes and skips lie, and what the ranker knows nothing about."""
