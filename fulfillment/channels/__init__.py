"""Where frames go, one adapter per file."""
