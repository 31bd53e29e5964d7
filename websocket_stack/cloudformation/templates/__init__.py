"""One module for each file of ``templates/``."""
