"""Where frames go, one adapter a file."""
