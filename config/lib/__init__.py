"""The kernel: what every app may use. It holds no model and imports nothing of the project outside itself."""
