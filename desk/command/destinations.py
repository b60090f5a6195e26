"""`switchboard destinations`: what an operator does with a destination."""

from cyclopts import App

from desk.command.draining import discard, redirect, remove

app = App(name="destinations", help="Destinations: end what waits for them, and remove them.")
app.command(discard)
app.command(redirect)
app.command(remove)
