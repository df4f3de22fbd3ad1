"""One file a model family or baseline; `models.registry` finds them by walking this folder."""
