"""What agents can do beside talking: one module a type of tool, and the registry of them."""
