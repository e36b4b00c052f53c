"""The files and small systems around the ERP of the generated company, and what is true about them."""
