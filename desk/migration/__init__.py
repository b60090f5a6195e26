"""Moving from one way in to another: what both brought, side by side, before one is left."""
