"""How the library's database came to be what it is: one step a file in ``versions/``, run when a library is opened."""
