"""Where text comes from: the model port, its adapters, and the loop that runs several calls."""
