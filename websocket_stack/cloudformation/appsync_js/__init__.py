"""The API's resolvers, as AppSync runs them.

https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-overview-js.html
"""
