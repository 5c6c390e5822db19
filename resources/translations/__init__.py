"""The window's languages: `masklens_<language>.ts` is edited, `.qm` is what is loaded."""
