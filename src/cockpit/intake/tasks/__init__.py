"""The page behind a link to a task: one person sees one row that is held back, corrects it or confirms it."""
