"""What the page frame shows."""

from tests.permissions.table.line import Line

PAGES = [
    Line("GET", "/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/styleguide/", (200, 200, 200, 200, 200, 302)),
    Line("GET", "/palette/", (200, 200, 200, 200, 200, 302)),
]
