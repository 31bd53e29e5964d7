"""Where text comes from: the model port, its adapters, and what runs several calls."""
