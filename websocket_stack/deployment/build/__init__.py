"""Builds the fulfillment Lambda's zip: the same sources give the same bytes.

Needs no network: the dependencies are copied from the environment that runs it, which scripts/venv
made from constraints.txt in a clone. boto3 is not among them; Lambda's Python runtimes bring it.
"""
