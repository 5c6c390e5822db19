"""The learning panel and its pages."""
