"""The same stack in one process on a laptop: what AWS does, as far as the code can tell."""
