"""AppSync: GraphQL over HTTP, and subscriptions over its real-time protocol."""
