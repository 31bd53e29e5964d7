"""Builds the CloudFormation templates of ``templates/`` with troposphere."""
