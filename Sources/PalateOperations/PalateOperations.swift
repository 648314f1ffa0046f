// PalateOperations: see ARCHITECTURE.md.
