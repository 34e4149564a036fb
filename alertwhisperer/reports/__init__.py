"""Files for customers: what is asked for, the figures gathered for it, and how PDF, XLSX and CSV are made of them."""
