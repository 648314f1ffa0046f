"""The project's style check; `tools/style` runs it."""
