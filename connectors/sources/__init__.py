"""One file a source; `connectors.registry` finds them by walking this folder."""
