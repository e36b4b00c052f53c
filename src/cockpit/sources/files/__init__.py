"""Read files of a folder."""
