"""
All SQL. One module and one `.sql` file per noun; nothing above this floor knows the database.

Every query of tenant data runs in a unit of work (`database.Database.unit_of_work`), which has set the company on the
connection, and still names the company in its own WHERE: two walls, tested apart.
"""
