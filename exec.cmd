@rem The scripts in package.json say `exec`, so that what is sent to npm reaches the program and not a shell between them.
@rem Windows has no exec; this stands in for it.
@%*
