"""The schema of the API."""

from importlib import resources


def schema() -> str:
    """Return the schema, in GraphQL."""
    return (resources.files(__package__) / "schema.graphql").read_text("utf-8")
