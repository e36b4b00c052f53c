"""The demo company's CRM: accounts, contacts, leads, opportunities, contracts, activities, and their dirt."""
