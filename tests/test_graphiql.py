"""GraphiQL comes from local files only, and not at all in production."""

import re

from api.graphql import graphiql
from tests.test_endpoint import client


async def test_the_page_and_all_that_it_names_come_from_our_own_address():
    async with client() as http:
        response = await http.get("/graphql", headers={"accept": "text/html,*/*"})
        assert response.headers["content-type"].startswith("text/html")
        addresses = re.findall(r'(?:src|href)="([^"]*)"', response.text)
        assert len(addresses) == 9
        for address in addresses:
            if address == "data:,":
                continue
            assert address.startswith("/graphql/static/"), address
            assert (await http.get(address)).status_code == 200


def test_no_file_loads_from_elsewhere():
    for path in graphiql.STATIC.iterdir():
        if path.suffix == ".html":
            assert not re.search(r"https?:|//[a-z]", path.read_text("utf-8")), path.name
        if path.suffix == ".css":
            style = path.read_text("utf-8")
            assert not re.search(r"@import|url\(\s*['\"]?(?!data:|#)", style), path.name
    for path in graphiql.STATIC.glob("*.js"):
        assert not re.search(r"unpkg\.com|jsdelivr\.net|esm\.sh|cdnjs|googleapis\.com", path.read_text("utf-8")), (
            path.name
        )


async def test_in_production_there_is_no_page():
    async with client(production=True) as http:
        response = await http.get("/graphql", headers={"accept": "text/html"})
        assert response.status_code == 406
        assert response.json()["errors"][0]["extensions"]["code"] == "NOT_ACCEPTABLE"
