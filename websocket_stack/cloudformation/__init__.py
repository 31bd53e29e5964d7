"""Builds the templates in ``templates/`` with troposphere; each module builds one."""
