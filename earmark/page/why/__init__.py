"""Why a track got its score."""
