// PalateAccess: see ARCHITECTURE.md.
