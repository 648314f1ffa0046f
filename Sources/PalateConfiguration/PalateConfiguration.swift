// PalateConfiguration: see ARCHITECTURE.md.
