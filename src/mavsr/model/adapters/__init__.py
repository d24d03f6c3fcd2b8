"""How a frozen LLM is adapted: one module per family of methods, behind one interface."""
